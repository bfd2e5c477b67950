import MonotonicTime

/// Bounds on what programs make the appliance hold and do. Memory for all of them together has to fit what the kernel
/// leaves beside the model.
public enum Limits {
    /// Programs installed at the same time.
    public static var programsMax: Int { 64 }
    /// Bytes of one program's source or module: compiling takes some dozens of times as much for a moment.
    public static var programBytesMax: Int { 256 << 10 }
    /// Instructions of all installed programs: 8 MiB.
    public static var instructionsMax: Int { 1 << 20 }
    /// Fuel of all that one program computes while it is compiled, while all other work waits: some milliseconds.
    public static var comptimeFuelMax: Int { 500_000 }
    /// Memory of such a computation.
    public static var comptimeHeapBytesMax: Int { 4 << 20 }
    /// Heap and stacks of a run whose law names no quota.
    public static var heapBytesDefault: Int { 4 << 20 }
    /// Heap and stacks of all runs together.
    public static var heapBytesMax: Int { 16 << 20 }
    /// Runs at the same time.
    public static var runsMax: Int { 16 }
    /// How long a run may take: its client has given up by then.
    public static var runTimeMax: Interval { .seconds(120) }
    /// Fuel of a slice while the model waits for its turn: some tens of microseconds.
    public static var sliceFuelBusy: Int { 2_000 }
    /// Fuel of a slice when there is nothing else to do: some tenths of a millisecond, by which a request that comes
    /// meanwhile is late.
    public static var sliceFuelIdle: Int { 20_000 }
    /// While the model has work, programs get one part in so many of the time: less than a request's time varies by
    /// itself.
    public static var busyShareDivisor: UInt64 { 32 }
    /// Fuel of a whole run: some seconds of a core.
    public static var runFuelMax: Int { 1_000_000_000 }
    /// Fuel of a kernel call, about its cost in loop iterations.
    public static var callFuel: Int { 10 }
    /// Bytes of the body that `request()` returns.
    public static var requestBytesMax: Int { 1 << 20 }

    // MARK: Caches

    /// Caches that a run has open.
    public static var cachesMax: Int { 64 }
    /// Tokens of all caches of a run: 256 KiB of numbers. The keys and values are the model's, and count there.
    public static var cacheTokensMax: Int { 65_536 }

    // MARK: The file store

    public static var filesMax: Int { 1_024 }
    /// Bytes of all files together.
    public static var fileBytesMax: Int { 8 << 20 }
}
