import KernelCore
import Tensor
import Virtio

/// The kernel's global mutable state, all of it: what C symbols, interrupt marks and executor hooks must reach without
/// being handed it. `kernelMain` fills it in; everything else gets its parts as arguments.
///
/// SAFETY: only core 0 runs Swift tasks, one at a time, and interrupt handlers touch none of this.
enum Machine {
    nonisolated(unsafe) static var log = Log()
    /// Where the log goes besides the serial port, once it has been found.
    nonisolated(unsafe) static var console: ConsoleDevice<DeviceInventory.Registers>?
    nonisolated(unsafe) static var heap: Heap?
    /// The tables in force, once they are the kernel's own, and the RAM they map.
    nonisolated(unsafe) static var pageTables: PageTables?
    nonisolated(unsafe) static var ram = MemoryMap()
    /// The first free byte of the early pool; zero until it is used.
    nonisolated(unsafe) static var earlyPoolNext: UInt64 = 0
    nonisolated(unsafe) static var clock = TimestampClock(frequencyHertz: 1_000_000_000, origin: 0)
    nonisolated(unsafe) static var runQueue = RunQueue()
    nonisolated(unsafe) static var executor = Executor()
    nonisolated(unsafe) static var entropy = EntropyPool()
    /// Set before the other cores start; `core_main` looks here for what to join.
    nonisolated(unsafe) static var crew: LaneCrew?
    /// What the lanes do while there is nothing else; set before they start.
    nonisolated(unsafe) static var firstTouch: FirstTouch?
}
