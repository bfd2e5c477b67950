import Boot
import GuestInterface
import KernelCore

/// The heap behind the Swift runtime's `malloc` and `free`, and whole pages for whoever needs them by the page.
enum KernelHeap {
    /// Takes `ram` but the image and the first MiB, where VMMs leave tables and start-up structures; first only what
    /// the boot page tables map. False when there is not even room for the heap's own tables.
    static func start(ram: MemoryMap) -> Bool {
        var free = ram
        let image = boot_image()
        free.remove(PhysicalRange(start: image.start, end: image.end))
        free.remove(PhysicalRange(start: 0, end: 1 << 20))
        free.remove(PhysicalRange(start: PhysicalMemory.bootMappedEnd, end: .max))
        guard let pages = PageAllocator(ranges: wholePages(free), end: ram.end), let heap = Heap(pages: pages)
        else { return false }
        Machine.heap = consume heap
        return true
    }

    /// Takes the rest of `ram`, once it is mapped.
    static func addMappedMemory(of ram: MemoryMap) {
        var rest = ram
        rest.remove(PhysicalRange(start: 0, end: PhysicalMemory.bootMappedEnd))
        for range in wholePages(rest) { Machine.heap?.add(range) }
    }

    private static func wholePages(_ map: MemoryMap) -> [PhysicalRange] {
        map.usable.map { $0.shrunk(toMultipleOf: Limits.pageBytes) }.filter { !$0.isEmpty }
    }

    /// Memory in whole pages, not cleared; nil when there is none left.
    static func allocatePages(byteCount: Int, alignment: Int = Int(Limits.pageBytes)) -> UnsafeMutableRawPointer? {
        Machine.heap?.allocate(
            byteCount: max(byteCount, Limits.smallAllocationBytesMax + 1), alignment: max(alignment, 4_096))
    }

    static func free(_ pointer: UnsafeMutableRawPointer) {
        if EarlyPool.contains(pointer) { return }
        guard Machine.heap?.free(pointer) == true else {
            Panic.stop("free of an address that was not allocated", UInt64(UInt(bitPattern: pointer)))
        }
    }

    static var allocationCount: UInt64 { Machine.heap?.allocationCount ?? 0 }

    static var freeByteCount: UInt64 { UInt64(Machine.heap?.pages.freePageCount ?? 0) * Limits.pageBytes }

    /// The longest run that one allocation could get now.
    static var longestFreeByteCount: UInt64 { UInt64(Machine.heap?.pages.largestFreeRun ?? 0) * Limits.pageBytes }

    fileprivate static func allocate(byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer {
        if let pointer = Machine.heap?.allocate(byteCount: byteCount, alignment: alignment) {
            if byteCount >= FirstTouch.allocationByteCountMin { Machine.firstTouch?.add(pointer) }
            return pointer
        }
        if Machine.heap == nil, let pointer = EarlyPool.allocate(byteCount: byteCount, alignment: alignment) {
            return pointer
        }
        Machine.log.write(.error) { line in
            line.append("out of memory: ")
            line.append(decimal: UInt64(byteCount))
            line.append(" bytes (alignment ")
            line.append(decimal: UInt64(alignment))
            line.append(") asked for, ")
            line.append(decimal: freeByteCount)
            line.append(" free, longest run ")
            line.append(decimal: longestFreeByteCount)
            line.append("; give the machine more with --memory")
        }
        Panic.stop("out of memory", UInt64(byteCount))
    }
}

/// Serves the few allocations made while the memory map is being read. Nothing is given back.
private enum EarlyPool {
    static func allocate(byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
        let image = boot_image()
        let mask = UInt64(max(alignment, 16)) - 1
        let start = (max(Machine.earlyPoolNext, image.early_pool_start) + mask) & ~mask
        guard UInt64(byteCount) <= image.early_pool_end - start else { return nil }
        Machine.earlyPoolNext = start + UInt64(byteCount)
        // SAFETY: the image keeps these bytes for the pool, and each of them is handed out once.
        return UnsafeMutableRawPointer(bitPattern: UInt(start))
    }

    static func contains(_ pointer: UnsafeMutableRawPointer) -> Bool {
        let image = boot_image()
        let address = UInt64(UInt(bitPattern: pointer))
        return address >= image.early_pool_start && address < image.early_pool_end
    }
}

// MARK: - The C symbols of the Swift runtime (runtime.c)

@_cdecl("kernel_allocate")
public func kernelAllocate(_ byteCount: Int, _ alignment: Int) -> UnsafeMutableRawPointer {
    KernelHeap.allocate(byteCount: byteCount, alignment: alignment)
}

@_cdecl("kernel_free")
public func kernelFree(_ pointer: UnsafeMutableRawPointer) {
    KernelHeap.free(pointer)
}
