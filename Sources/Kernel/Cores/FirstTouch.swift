import KernelCore
import Synchronization
import _Volatile

/// Mapped memory that idle lanes touch ahead of the first pass over it: until a page has been touched the host has no
/// translation for it, and making one takes tens of microseconds where it shadows the page tables. One page at a time,
/// so that no work waits for longer than that.
final class FirstTouch: Sendable {
    private let next = Atomic<UInt64>(0)
    private let end = Atomic<UInt64>(0)

    /// Has the pages of `range` touched, once. It is mapped for reading, for good.
    func begin(_ range: PhysicalRange) {
        next.store(range.start, ordering: .relaxed)
        end.store(range.end, ordering: .releasing)
    }

    /// Touches the next page; false when there is none.
    func touchOne() -> Bool {
        let end = end.load(ordering: .acquiring)
        guard next.load(ordering: .relaxed) < end else { return false }
        // Each lane that comes takes a page of its own; those that come late take one behind the end, which is none.
        let address = next.wrappingAdd(Limits.largePageBytes, ordering: .relaxed).oldValue
        guard address < end else { return false }
        // SAFETY: within the range, of which `begin` says that it is mapped.
        _ = VolatileMappedRegister<UInt8>(unsafeBitPattern: UInt(address)).load()
        return true
    }
}
