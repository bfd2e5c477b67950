/// The kernel's heap: slabs of one size class each for small objects, whole pages for large ones.
///
/// Single-threaded by design: only core 0 allocates, compute lanes work in memory they are given. A slab that empties
/// goes back to the page allocator unless it is the last of its class with room, so churn at a boundary stays cheap.
public struct Heap: ~Copyable {
    // SAFETY: a slab begins at its own alignment, so that an object's address finds it; both stay ours until `pages`
    // has them back.

    /// Lives at the start of each slab, which is aligned to its own size: masking an object's address finds it.
    private struct Slab {
        var classIndex: Int32
        var usedCount: Int32
        var freeObject: UnsafeMutableRawPointer?
        /// Objects from here on were never handed out.
        var untouched: UnsafeMutableRawPointer
        var previous: UnsafeMutablePointer<Slab>?
        var next: UnsafeMutablePointer<Slab>?
    }

    public private(set) var pages: PageAllocator
    /// Per class, the slabs that have room.
    private let partial: UnsafeMutablePointer<UnsafeMutablePointer<Slab>?>
    public private(set) var allocationCount: UInt64 = 0
    public private(set) var freeCount: UInt64 = 0

    private static var slabHeaderBytes: Int { 64 }

    /// Takes over `pages`. Returns nil when not even the class table fits.
    public init?(pages: consuming PageAllocator) {
        guard let table = pages.allocate(pageCount: 1) else { return nil }
        self.pages = pages
        partial = table.bindMemory(to: UnsafeMutablePointer<Slab>?.self, capacity: SizeClass.count)
        partial.initialize(repeating: nil, count: SizeClass.count)
    }

    /// Takes over more memory; see `PageAllocator.add`.
    public mutating func add(_ range: PhysicalRange) { pages.add(range) }

    /// Objects handed out and not yet freed.
    public var liveCount: UInt64 { allocationCount - freeCount }

    /// At least `byteCount` bytes at a multiple of `alignment` (a power of two); nil when memory is short. Zero bytes
    /// get an object of their own, as `malloc(0)` may.
    public mutating func allocate(byteCount: Int, alignment: Int = 16) -> UnsafeMutableRawPointer? {
        guard byteCount >= 0, alignment > 0, alignment & (alignment - 1) == 0 else { return nil }
        let pointer: UnsafeMutableRawPointer?
        if let sizeClass = Self.sizeClass(byteCount: byteCount, alignment: alignment) {
            pointer = allocateSmall(sizeClass)
        } else {
            let (padded, overflow) = byteCount.addingReportingOverflow(Int(Limits.pageBytes) - 1)
            guard !overflow else { return nil }
            pointer = pages.allocate(
                pageCount: max(1, padded / Int(Limits.pageBytes)), alignment: max(alignment, Int(Limits.pageBytes)))
        }
        if pointer != nil { allocationCount += 1 }
        return pointer
    }

    /// Frees what `allocate` returned. False when `pointer` is no object of this heap: the caller has a bug.
    public mutating func free(_ pointer: UnsafeMutableRawPointer) -> Bool {
        if let run = pages.run(at: pointer), run.use == .large {
            guard pages.free(pointer) else { return false }
        } else {
            let start = UInt(bitPattern: pointer) & ~(UInt(Limits.slabBytes) - 1)
            guard let home = UnsafeMutableRawPointer(bitPattern: start), let run = pages.run(at: home),
                run.use == .slab
            else { return false }
            freeSmall(pointer, in: home.assumingMemoryBound(to: Slab.self))
        }
        freeCount += 1
        return true
    }

    /// The class for a request, nil when it is served in pages. Objects of a power-of-two class are aligned to their
    /// size, others to 16 bytes.
    private static func sizeClass(byteCount: Int, alignment: Int) -> SizeClass? {
        if alignment <= 16 {
            return byteCount <= Limits.smallAllocationBytesMax ? SizeClass(holding: max(1, byteCount)) : nil
        }
        let needed = max(byteCount, alignment)
        guard needed <= Limits.smallAllocationBytesMax else { return nil }
        let powerOfTwo = 1 << (Int.bitWidth - (needed - 1).leadingZeroBitCount)
        return SizeClass(holding: powerOfTwo)
    }
}

// MARK: - Slabs

extension Heap {
    private mutating func allocateSmall(_ sizeClass: SizeClass) -> UnsafeMutableRawPointer? {
        guard let slab = partial[sizeClass.index] ?? makeSlab(sizeClass) else { return nil }
        let object: UnsafeMutableRawPointer
        if let free = slab.pointee.freeObject {
            // SAFETY: a free object's first word is the link that `freeSmall` wrote.
            slab.pointee.freeObject = free.load(as: UnsafeMutableRawPointer?.self)
            object = free
        } else {
            object = slab.pointee.untouched
            slab.pointee.untouched += sizeClass.byteCount
        }
        slab.pointee.usedCount += 1
        if isFull(slab) { unlink(slab) }
        return object
    }

    private mutating func freeSmall(_ object: UnsafeMutableRawPointer, in slab: UnsafeMutablePointer<Slab>) {
        let wasFull = isFull(slab)
        object.storeBytes(of: slab.pointee.freeObject, as: UnsafeMutableRawPointer?.self)
        slab.pointee.freeObject = object
        slab.pointee.usedCount -= 1
        if wasFull { link(slab) }
        let isLastOfClass = slab.pointee.previous == nil && slab.pointee.next == nil
        if slab.pointee.usedCount == 0, !isLastOfClass {
            unlink(slab)
            _ = pages.free(UnsafeMutableRawPointer(slab))
        }
    }

    private mutating func makeSlab(_ sizeClass: SizeClass) -> UnsafeMutablePointer<Slab>? {
        let pageCount = Limits.slabBytes / Int(Limits.pageBytes)
        guard let memory = pages.allocate(pageCount: pageCount, alignment: Limits.slabBytes, use: .slab) else {
            return nil
        }
        let size = sizeClass.byteCount
        let isPowerOfTwo = size & (size - 1) == 0
        let slab = memory.bindMemory(to: Slab.self, capacity: 1)
        slab.initialize(
            to: Slab(
                classIndex: Int32(sizeClass.index), usedCount: 0, freeObject: nil,
                untouched: memory + (isPowerOfTwo ? max(size, Self.slabHeaderBytes) : Self.slabHeaderBytes),
                previous: nil, next: nil))
        link(slab)
        return slab
    }

    private func isFull(_ slab: UnsafeMutablePointer<Slab>) -> Bool {
        let end = UnsafeMutableRawPointer(slab) + Limits.slabBytes
        let size = SizeClass(index: Int(slab.pointee.classIndex)).byteCount
        return slab.pointee.freeObject == nil && slab.pointee.untouched + size > end
    }

    private func link(_ slab: UnsafeMutablePointer<Slab>) {
        let index = Int(slab.pointee.classIndex)
        slab.pointee.previous = nil
        slab.pointee.next = partial[index]
        partial[index]?.pointee.previous = slab
        partial[index] = slab
    }

    private func unlink(_ slab: UnsafeMutablePointer<Slab>) {
        if let previous = slab.pointee.previous {
            previous.pointee.next = slab.pointee.next
        } else {
            partial[Int(slab.pointee.classIndex)] = slab.pointee.next
        }
        slab.pointee.next?.pointee.previous = slab.pointee.previous
        slab.pointee.previous = nil
        slab.pointee.next = nil
    }
}
