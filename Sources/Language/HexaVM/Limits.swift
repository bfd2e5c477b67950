/// What one program may use. Each maximum says what fixes it.
public enum MachineLimits {
    /// Bytes of one string: long enough for a document, short enough that one instruction on it stays a short one.
    public static let stringBytesMax = 16 << 20
    /// Elements of one array: 256 MiB of values.
    public static let elementsMax = 1 << 24
    /// Slots of a map's index: 2^26 four-byte slots.
    public static let mapSlotBitsMax: UInt64 = 26
    /// Nested calls of one task.
    public static let callDepthMax = 16_384
    /// Tasks of one program that have not ended.
    public static let tasksMax = 4_096
    /// Nested aggregates that equality, text and the driver's values go through: cycles end here.
    public static let nestingMax = 200
    /// Values that one comparison, hash or copy visits: shared parts of a nested value count each time they are met.
    public static let visitedValuesMax = 1 << 21
    /// Bytes of printed output that are kept until the driver takes them: `run` returns when they are reached.
    public static let outputBytesMax = 64 << 10
    /// More fuel than any slice has.
    static let sliceEnd = 1 << 40
    /// Registers of a task when it starts, and at most.
    static let stackValuesInitial = 256
    static let stackValuesMax = 1 << 21
    /// Frames of a task when it starts.
    static let framesInitial = 32
}

/// What a program gets: set by its host.
public struct MachineConfiguration: Sendable {
    /// Bytes of heap and stacks together.
    public var heapBytesMax = 256 << 20
    /// What `args()` returns: the program's name first.
    public var arguments: [[UInt8]] = []
    /// Seeds `random` and the hash tables.
    public var seed: UInt64 = 0x6865_7861

    public init() {}
}
