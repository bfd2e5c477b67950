/// Hands out runs of 4 KiB pages: an address-ordered list of free extents, merged again when freed. First fit, but for
/// very long runs, which come from the end of memory: what is allocated after them is small, and lies close to what was
/// allocated before, so that the host has fewer large pages to make ready.
///
/// The list lives in the free pages themselves, and leaves no trace in those that are handed out: pages that nobody has
/// written to stay zeros, which a snapshot does not keep. A table with one 32-bit entry a page says, for a run's first
/// page, how long the run is and what it is for; that is what a free needs to know. Extents are few, because small
/// objects come from slabs, so walking the list is short.
public struct PageAllocator: ~Copyable {
    /// What a run of pages is used as, in its first page's table entry.
    public enum Use: UInt32 {
        case none = 0
        case large = 1
        case slab = 2
    }

    /// The head of a free extent, at its first byte.
    private struct FreeExtent {
        var pageCount: Int
        var next: UnsafeMutablePointer<FreeExtent>?
    }

    private var firstFree: UnsafeMutablePointer<FreeExtent>?
    /// Indexed by page number from `base`: use in the top two bits, the run's page count below.
    private let table: UnsafeMutablePointer<UInt32>
    private let base: UInt
    private let tableCount: Int
    public private(set) var freePageCount = 0
    public private(set) var totalPageCount = 0

    private static var pageBytes: Int { Int(Limits.pageBytes) }
    private static var countMask: UInt32 { 0x3fff_ffff }

    /// Manages `ranges` (page aligned, sorted, mapped, otherwise unused). The table is taken from the first range that
    /// holds it.
    ///
    /// - Parameter end: where the last range ends that may be added later; where the last of `ranges` does when nil.
    /// - Returns: nil when no range has room for the table.
    public init?(ranges: [PhysicalRange], end: UInt64? = nil) {
        guard let first = ranges.first, let last = ranges.last else { return nil }
        // SAFETY: the owner promises that the ranges are RAM that nobody else uses.
        let base = UInt(first.start)
        let tableCount = Int(max(last.end, end ?? 0) - first.start) / Self.pageBytes
        let tableBytes = (tableCount * 4 + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
        guard let home = ranges.firstIndex(where: { $0.byteCount >= UInt64(tableBytes) }),
            let table = UnsafeMutableRawPointer(bitPattern: UInt(ranges[home].start))
        else { return nil }
        // RAM is zero when a VM starts, and a stale entry is never read: only runs that were handed out are looked up.
        self.table = table.bindMemory(to: UInt32.self, capacity: tableCount)
        self.base = base
        self.tableCount = tableCount
        for (index, range) in ranges.enumerated() {
            let start = index == home ? range.start + UInt64(tableBytes) : range.start
            let pageCount = Int(range.end - start) / Self.pageBytes
            guard pageCount > 0, let pointer = UnsafeMutableRawPointer(bitPattern: UInt(start)) else { continue }
            totalPageCount += pageCount
            insert(pointer, pageCount: pageCount)
        }
    }

    /// Manages one more range (page aligned, mapped by now, otherwise unused), which ends by the `end` of `init`.
    public mutating func add(_ range: PhysicalRange) {
        let pageCount = Int(range.byteCount) / Self.pageBytes
        precondition(pageIndex(UInt(range.start)) + pageCount <= tableCount, "the table does not reach that far")
        guard pageCount > 0, let pointer = UnsafeMutableRawPointer(bitPattern: UInt(range.start)) else { return }
        totalPageCount += pageCount
        insert(pointer, pageCount: pageCount)
    }

    /// A run of `pageCount` pages whose address is a multiple of `alignment` (a power of two); nil when none is free.
    public mutating func allocate(
        pageCount: Int, alignment: Int = Int(Limits.pageBytes), use: Use = .large
    ) -> UnsafeMutableRawPointer? {
        guard pageCount > 0, pageCount <= Int(Self.countMask) else { return nil }
        let isLong = pageCount >= Self.longRunPageCountMin
        var place: Place?
        var previous: UnsafeMutablePointer<FreeExtent>?
        var candidate = firstFree
        while let extent = candidate, isLong || place == nil {
            if let skipped = Self.skipped(in: extent, pageCount, UInt(alignment), fromEnd: isLong) {
                place = Place(extent: extent, previous: previous, skippedPageCount: skipped)
            }
            previous = extent
            candidate = extent.pointee.next
        }
        guard let place else { return nil }
        let run = UnsafeMutableRawPointer(place.extent) + place.skippedPageCount * Self.pageBytes
        carve(place.extent, after: place.previous, skipping: place.skippedPageCount, pageCount: pageCount)
        freePageCount -= pageCount
        table[pageIndex(UInt(bitPattern: run))] = use.rawValue << 30 | UInt32(pageCount)
        return run
    }

    /// Sixteen MiB.
    private static var longRunPageCountMin: Int { (16 << 20) / pageBytes }

    /// Where a run can be cut out.
    private struct Place {
        let extent: UnsafeMutablePointer<FreeExtent>
        let previous: UnsafeMutablePointer<FreeExtent>?
        let skippedPageCount: Int
    }

    /// The pages of `extent` before an aligned run of `pageCount`, the first one in it or the last; nil when none fits.
    private static func skipped(
        in extent: UnsafeMutablePointer<FreeExtent>, _ pageCount: Int, _ alignment: UInt, fromEnd: Bool
    ) -> Int? {
        let start = UInt(bitPattern: extent)
        let aligned = (start + alignment - 1) & ~(alignment - 1)
        let first = Int(aligned - start) / pageBytes
        let spare = extent.pointee.pageCount - pageCount
        guard first <= spare else { return nil }
        guard fromEnd else { return first }
        let last = (start + UInt(spare * pageBytes)) & ~(alignment - 1)
        return Int(last - start) / pageBytes
    }

    /// Gives a run back. `pointer` must be what `allocate` returned; anything else is the caller's bug and is refused.
    public mutating func free(_ pointer: UnsafeMutableRawPointer) -> Bool {
        guard let run = run(at: pointer) else { return false }
        table[pageIndex(UInt(bitPattern: pointer))] = 0
        insert(pointer, pageCount: run.pageCount)
        return true
    }

    /// What was allocated at `pointer`, if a run starts there.
    public func run(at pointer: UnsafeMutableRawPointer) -> (use: Use, pageCount: Int)? {
        let address = UInt(bitPattern: pointer)
        guard address >= base, address % UInt(Self.pageBytes) == 0 else { return nil }
        let index = pageIndex(address)
        guard index < tableCount, let use = Use(rawValue: table[index] >> 30), use != .none else { return nil }
        return (use, Int(table[index] & Self.countMask))
    }

    private func pageIndex(_ address: UInt) -> Int { Int((address - base) / UInt(Self.pageBytes)) }
}

// MARK: - The free list

extension PageAllocator {
    // SAFETY: an extent's header lies in its own first page, which is free and mapped.

    /// Takes `pageCount` pages, `skipped` pages into `extent`, out of the list and leaves what lies before and after.
    private mutating func carve(
        _ extent: UnsafeMutablePointer<FreeExtent>, after previous: UnsafeMutablePointer<FreeExtent>?,
        skipping skipped: Int, pageCount: Int
    ) {
        let rest = extent.pointee.pageCount - skipped - pageCount
        var next = extent.pointee.next
        defer { if skipped == 0 { erase(extent) } }
        if rest > 0 {
            let tail = UnsafeMutableRawPointer(extent) + (skipped + pageCount) * Self.pageBytes
            let tailExtent = tail.bindMemory(to: FreeExtent.self, capacity: 1)
            tailExtent.initialize(to: FreeExtent(pageCount: rest, next: next))
            next = tailExtent
        }
        if skipped > 0 {
            extent.pointee = FreeExtent(pageCount: skipped, next: next)
        } else if let previous {
            previous.pointee.next = next
        } else {
            firstFree = next
        }
    }

    /// Puts a run into the list at its place and merges it with its neighbours.
    private mutating func insert(_ pointer: UnsafeMutableRawPointer, pageCount: Int) {
        freePageCount += pageCount
        var previous: UnsafeMutablePointer<FreeExtent>?
        var next = firstFree
        while let extent = next, UnsafeMutableRawPointer(extent) < pointer {
            previous = extent
            next = extent.pointee.next
        }
        var inserted = pointer.bindMemory(to: FreeExtent.self, capacity: 1)
        if let previous, UnsafeMutableRawPointer(previous) + previous.pointee.pageCount * Self.pageBytes == pointer {
            previous.pointee.pageCount += pageCount
            inserted = previous
        } else {
            inserted.initialize(to: FreeExtent(pageCount: pageCount, next: next))
            if let previous { previous.pointee.next = inserted } else { firstFree = inserted }
        }
        let end = UnsafeMutableRawPointer(inserted) + inserted.pointee.pageCount * Self.pageBytes
        if let next, UnsafeMutableRawPointer(next) == end {
            inserted.pointee.pageCount += next.pointee.pageCount
            inserted.pointee.next = next.pointee.next
            erase(next)
        }
    }

    /// Makes the head of what is no free extent any more zeros.
    private func erase(_ extent: UnsafeMutablePointer<FreeExtent>) {
        extent.pointee = FreeExtent(pageCount: 0, next: nil)
    }

    /// The longest run that could be allocated now, in pages.
    public var largestFreeRun: Int {
        var largest = 0
        var candidate = firstFree
        while let extent = candidate {
            largest = max(largest, extent.pointee.pageCount)
            candidate = extent.pointee.next
        }
        return largest
    }
}
