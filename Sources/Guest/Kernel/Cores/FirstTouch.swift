import Boot
import KernelCore
import Synchronization
import _Volatile

/// Memory that idle lanes touch before it is needed: until a page has been touched the host may have to clear it, and
/// has no translation for it, which takes tens of microseconds where it shadows the page tables. One page at a time, so
/// that no work waits for longer than that.
///
/// SAFETY (@unchecked Sendable): core 0 alone adds pages, and publishes each by `pageCount`.
final class FirstTouch: @unchecked Sendable {
    /// Large pages of the heap, each known to be mapped for writing.
    private let pages = UnsafeMutablePointer<UInt64>.allocate(capacity: FirstTouch.pageCountMax)
    private let pageCount = Atomic<Int>(0)
    private let nextPage = Atomic<Int>(0)
    /// A mapped file.
    private let fileStart = Atomic<UInt64>(0)
    private let fileEnd = Atomic<UInt64>(0)
    private let nextOfFile = Atomic<UInt64>(0)

    /// A model's caches and working memory are some twenty allocations.
    private static var pageCountMax: Int { 32 }
    /// Allocations from here on are worth an `add`: what is smaller lies among what has been touched already.
    static var allocationByteCountMin: Int { 64 << 10 }

    /// Notes memory that was handed out, and will be used from its start. Core 0 only.
    func add(_ memory: UnsafeMutableRawPointer) {
        let count = pageCount.load(ordering: .relaxed)
        guard count < Self.pageCountMax else { return }
        let page = UInt64(UInt(bitPattern: memory)) & ~(Limits.largePageBytes - 1)
        guard !(0..<count).contains(where: { pages[$0] == page }) else { return }
        pages[count] = page
        pageCount.store(count + 1, ordering: .releasing)
    }

    /// Has the pages of a file touched, which is mapped for reading, for good.
    func begin(_ file: PhysicalRange) {
        fileStart.store(file.start, ordering: .relaxed)
        nextOfFile.store(file.start, ordering: .relaxed)
        fileEnd.store(file.end, ordering: .releasing)
    }

    /// Has everything touched again: on a machine that knows of this one's memory and nothing else.
    func beginAgain() {
        nextOfFile.store(fileStart.load(ordering: .relaxed), ordering: .relaxed)
        nextPage.store(0, ordering: .releasing)
    }

    /// Touches the next page; false when there is none.
    func touchOne() -> Bool { touchOneOfHeap() || touchOneOfFile() }

    private func touchOneOfHeap() -> Bool {
        let index = nextPage.load(ordering: .acquiring)
        guard index < pageCount.load(ordering: .acquiring) else { return false }
        // Whoever loses the race comes back.
        if nextPage.compareExchange(expected: index, desired: index + 1, ordering: .relaxed).exchanged {
            boot_touch(pages[index])
        }
        return true
    }

    private func touchOneOfFile() -> Bool {
        let end = fileEnd.load(ordering: .acquiring)
        guard nextOfFile.load(ordering: .relaxed) < end else { return false }
        // Each lane that comes takes a page of its own; those that come late take one behind the end, which is none.
        let address = nextOfFile.wrappingAdd(Limits.largePageBytes, ordering: .relaxed).oldValue
        guard address < end else { return false }
        // SAFETY: within the range, of which `begin` says that it is mapped.
        _ = VolatileMappedRegister<UInt8>(unsafeBitPattern: UInt(address)).load()
        return true
    }
}
