import KernelCore
import TestSupport
import Testing

/// A block of host memory to play RAM, aligned as slabs need it.
private final class Arena {
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int) {
        self.byteCount = byteCount
        base = .allocate(byteCount: byteCount, alignment: 1 << 21)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }

    deinit { base.deallocate() }

    struct TooSmall: Error {}

    func makePages(_ ranges: [PhysicalRange]? = nil) throws -> PageAllocator {
        guard let pages = PageAllocator(ranges: ranges ?? [range]) else { throw TooSmall() }
        return pages
    }

    func makeHeap() throws -> Heap {
        guard let heap = Heap(pages: try makePages()) else { throw TooSmall() }
        return heap
    }

    var range: PhysicalRange {
        let start = UInt64(UInt(bitPattern: base))
        return PhysicalRange(start: start, end: start + UInt64(byteCount))
    }
}

/// `#expect` for what touches a non-copyable value, which the macro cannot take apart.
private func check(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(condition, sourceLocation: sourceLocation)
}

@Suite("Pages")
struct PageAllocatorTests {
    @Test("pages that nobody has written to are zeros when they are handed out, however often")
    func handedOutWithoutATrace() throws {
        let arena = Arena(byteCount: 2 << 20)
        var pages = try arena.makePages()
        var random = SplitMix64(seed: 7)
        var runs: [(UnsafeMutableRawPointer, Int)] = []
        for _ in 0..<2_000 {
            if !runs.isEmpty, Bool.random(using: &random) {
                check(pages.free(runs.remove(at: Int.random(in: 0..<runs.count, using: &random)).0))
            } else {
                let count = Int.random(in: 1...16, using: &random)
                let alignment = 4_096 << Int.random(in: 0...2, using: &random)
                guard let run = pages.allocate(pageCount: count, alignment: alignment) else { continue }
                let words = UnsafeRawBufferPointer(start: run, count: count * 4_096).bindMemory(to: UInt64.self)
                check(words.allSatisfy { $0 == 0 })
                runs.append((run, count))
            }
        }
    }

    @Test("memory that is mapped later joins what is there, in one piece where the two touch")
    func addedLater() throws {
        let arena = Arena(byteCount: 4 << 20)
        let (start, end) = (arena.range.start, arena.range.end)
        let first = PhysicalRange(start: start, end: start + 1 << 20)
        guard var pages = PageAllocator(ranges: [first], end: end) else { throw Arena.TooSmall() }
        let before = pages.freePageCount
        check(pages.allocate(pageCount: 512) == nil)
        pages.add(PhysicalRange(start: first.end, end: end))
        check(pages.freePageCount == before + (3 << 20) / 4_096)
        check(pages.largestFreeRun == pages.freePageCount)
        let allocated = pages.allocate(pageCount: 600)
        let run = try #require(allocated)
        check(pages.free(run))
        check(pages.largestFreeRun == pages.freePageCount)
    }

    @Test("a very long run comes from the end, and what follows it lies close to what came before")
    func longRunsComeFromTheEnd() throws {
        let (arena, page) = (Arena(byteCount: 64 << 20), 4_096)
        var pages = try arena.makePages()
        let end = arena.base + arena.byteCount
        let runs = [
            pages.allocate(pageCount: 3), pages.allocate(pageCount: (16 << 20) / page),
            pages.allocate(pageCount: (16 << 20) / page + 1, alignment: 1 << 20), pages.allocate(pageCount: 3),
        ]
        let before = try #require(runs[0])
        #expect(runs[1] == end - (16 << 20))
        #expect(runs[2] == end - (33 << 20))
        #expect(runs[3] == before + 3 * page)
        for run in runs { check(pages.free(try #require(run))) }
        check(pages.largestFreeRun == pages.totalPageCount && pages.freePageCount == pages.totalPageCount)
    }

    @Test("a very long run that fits nowhere is none, and the last place where it fits is taken")
    func longRunsFit() throws {
        let arena = Arena(byteCount: 64 << 20)
        let start = arena.range.start
        func range(_ mebibytes: Range<UInt64>) -> PhysicalRange {
            PhysicalRange(start: start + mebibytes.lowerBound << 20, end: start + mebibytes.upperBound << 20)
        }
        var pages = try arena.makePages([range(0..<24), range(26..<46), range(48..<60)])
        let count = (16 << 20) / 4_096
        check(pages.allocate(pageCount: count) == arena.base + (30 << 20))
        check(pages.allocate(pageCount: count) == arena.base + (8 << 20))
        check(pages.allocate(pageCount: count) == nil)
        check(pages.freePageCount == pages.totalPageCount - 2 * count)
    }

    @Test("everything that is given back is there again, in one piece")
    func coalescing() throws {
        let arena = Arena(byteCount: 1 << 20)
        var pages = try arena.makePages()
        let free = pages.freePageCount
        var runs: [UnsafeMutableRawPointer] = []
        while let run = pages.allocate(pageCount: 7) { runs.append(run) }
        check(pages.largestFreeRun < 7)
        for index in stride(from: 0, to: runs.count, by: 2) { check(pages.free(runs[index])) }
        for index in stride(from: 1, to: runs.count, by: 2) { check(pages.free(runs[index])) }
        check(pages.freePageCount == free)
        check(pages.largestFreeRun == free)
    }

    @Test("alignment is kept and the skipped pages stay usable")
    func alignment() throws {
        let arena = Arena(byteCount: 4 << 20)
        var pages = try arena.makePages()
        let free = pages.freePageCount
        let aligned = pages.allocate(pageCount: 3, alignment: 1 << 20)
        let run = try #require(aligned)
        #expect(UInt(bitPattern: run) % (1 << 20) == 0)
        check(pages.freePageCount == free - 3)
        let before = pages.allocate(pageCount: 1)
        #expect(before.map { $0 < run } == true)
    }

    @Test("a free of what was never allocated is refused")
    func wrongFree() throws {
        let arena = Arena(byteCount: 1 << 20)
        var pages = try arena.makePages()
        let allocated = pages.allocate(pageCount: 2)
        let run = try #require(allocated)
        check(!pages.free(run + 4_096))
        check(!pages.free(run + 1))
        check(pages.free(run))
        check(!pages.free(run))
    }

    @Test("two ranges serve, and neither runs over into the gap")
    func gaps() throws {
        let arena = Arena(byteCount: 1 << 20)
        let middle = arena.range.start + 512 << 10
        let ranges = [
            PhysicalRange(start: arena.range.start, end: middle - 4_096),
            PhysicalRange(start: middle, end: arena.range.end),
        ]
        var pages = try arena.makePages(ranges)
        while let page = pages.allocate(pageCount: 1) {
            #expect(UInt64(UInt(bitPattern: page)) != middle - 4_096)
        }
        check(pages.freePageCount == 0)
    }
}

@Suite("The heap")
struct HeapTests {
    @Test("a random schedule of allocations and frees never overlaps and ends with nothing lost", arguments: [1, 2, 3])
    func schedule(seed: UInt64) throws {
        let arena = Arena(byteCount: 16 << 20)
        var heap = try arena.makeHeap()
        var random = SplitMix64(seed: seed)
        var live: [(pointer: UnsafeMutableRawPointer, byteCount: Int, mark: UInt8)] = []
        func isIntact(_ block: (pointer: UnsafeMutableRawPointer, byteCount: Int, mark: UInt8)) -> Bool {
            UnsafeRawBufferPointer(start: block.pointer, count: block.byteCount).allSatisfy { $0 == block.mark }
        }
        for _ in 0..<20_000 {
            if live.count < 300, Bool.random(using: &random) {
                let byteCount = Int.random(in: 0...(Bool.random(using: &random) ? 300 : 20_000), using: &random)
                let alignment = 1 << Int.random(in: 4...12, using: &random)
                guard let pointer = heap.allocate(byteCount: byteCount, alignment: alignment) else { continue }
                #expect(UInt(bitPattern: pointer) % UInt(alignment) == 0)
                let mark = UInt8.random(in: 0...255, using: &random)
                pointer.initializeMemory(as: UInt8.self, repeating: mark, count: byteCount)
                live.append((pointer, byteCount, mark))
            } else if !live.isEmpty {
                let block = live.remove(at: Int.random(in: 0..<live.count, using: &random))
                #expect(isIntact(block))
                check(heap.free(block.pointer))
            }
        }
        for block in live {
            #expect(isIntact(block))
            check(heap.free(block.pointer))
        }
        check(heap.liveCount == 0)
        // Each size class may keep one empty slab of sixteen pages; nothing else may be missing.
        check(heap.pages.totalPageCount - heap.pages.freePageCount <= 1 + 32 * 16)
    }

    @Test("memory that is short gives nil, and room again after a free")
    func exhaustion() throws {
        let arena = Arena(byteCount: 1 << 20)
        var heap = try arena.makeHeap()
        let isRefused = heap.allocate(byteCount: 2 << 20) == nil
        #expect(isRefused)
        let isAbsurd = heap.allocate(byteCount: .max) == nil
        #expect(isAbsurd)
        guard let half = heap.allocate(byteCount: 900 << 10) else {
            Issue.record("no room for 900 KiB in 1 MiB")
            return
        }
        let isFull = heap.allocate(byteCount: 900 << 10) == nil
        #expect(isFull)
        check(heap.free(half))
        let isFree = heap.allocate(byteCount: 900 << 10) != nil
        #expect(isFree)
    }
}
