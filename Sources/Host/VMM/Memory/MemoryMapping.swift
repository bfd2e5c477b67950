import Glibc
import HostSystem

/// Pages of this process's address space, unmapped when the owner lets go of them.
struct MemoryMapping: ~Copyable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    /// All that is unmapped at the end: the guard pages around the others as well.
    private let reservation: UnsafeMutableRawBufferPointer

    static let hugePageByteCount = 2 << 20
    static let pageByteCount = 4 << 10

    /// The next multiple of a huge page.
    static func alignedToHugePage(_ offset: Int) -> Int {
        (offset + hugePageByteCount - 1) / hugePageByteCount * hugePageByteCount
    }

    /// Fresh zeroed memory, aligned to huge pages and backed by them where the host has some. An access right before or
    /// behind it faults.
    init(anonymous byteCount: Int) throws(VMMError) {
        self = try Self.reserve(byteCount, protection: PROT_READ | PROT_WRITE)
        // Only a wish: without huge pages everything works, with a fault for each small page.
        madvise(base, byteCount, MADV_HUGEPAGE)
    }

    /// Pages shared with the kernel, at the start of what `descriptor` names.
    init(shared descriptor: borrowing FileDescriptor, byteCount: Int) throws(VMMError) {
        base = try Self.map(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number)
        self.byteCount = byteCount
        reservation = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    }

    /// A file of `fileByteCount` bytes, read-only, aligned to huge pages. The mapping is as long as the next multiple
    /// of a huge page; what lies behind the file reads as zeros.
    init(file descriptor: borrowing FileDescriptor, fileByteCount: Int) throws(VMMError) {
        let filePages = (fileByteCount + Self.pageByteCount - 1) / Self.pageByteCount * Self.pageByteCount
        let reserved = try Self.reserve(Self.alignedToHugePage(fileByteCount), protection: PROT_READ)
        // Over the reservation, so that nothing behind the file's last page is left unmapped.
        _ = try Self.map(reserved.base, filePages, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor.number)
        madvise(reserved.base, reserved.byteCount, MADV_HUGEPAGE)
        self = reserved
    }

    /// Has the kernel make `range` writable pages now, each huge page by itself. Only a wish.
    func populate(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.hugePageByteCount) {
            madvise(base + start, min(Self.hugePageByteCount, range.upperBound - start), MADV_POPULATE_WRITE)
        }
    }

    deinit { munmap(reservation.baseAddress!, reservation.count) }

    /// Anonymous pages at an address aligned to huge pages, between pages that cannot be accessed.
    private static func reserve(_ byteCount: Int, protection: Int32) throws(VMMError) -> MemoryMapping {
        let (huge, guardByteCount) = (hugePageByteCount, pageByteCount)
        // The next aligned address behind a guard page is a huge page away at most.
        let reservedByteCount = byteCount + huge + guardByteCount
        let start = try map(
            nil, reservedByteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1)
        let reservation = UnsafeMutableRawBufferPointer(start: start, count: reservedByteCount)
        let base = (start + guardByteCount).alignedUp(toMultipleOf: huge)
        let mapping = MemoryMapping(base: base, byteCount: byteCount, reservation: reservation)
        guard mprotect(base, byteCount, protection) == 0 else { throw .system(call: "mprotect", errno: errno) }
        return mapping
    }

    /// Puts pages of a file in the place of `range`, at the same offset: what is written to them is this process's
    /// alone, and the rest is shared with all who map the file.
    ///
    /// - Parameter range: whole pages of this mapping, and of the file.
    func placeCopy(of descriptor: borrowing FileDescriptor, at range: Range<Int>) throws(VMMError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        _ = try Self.map(
            base + range.lowerBound, range.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
            descriptor.number, offset: range.lowerBound)
    }

    private init(
        base: UnsafeMutableRawPointer, byteCount: Int, reservation: UnsafeMutableRawBufferPointer
    ) {
        self.base = base
        self.byteCount = byteCount
        self.reservation = reservation
    }

    private static func map(
        _ address: UnsafeMutableRawPointer?, _ byteCount: Int, _ protection: Int32, _ flags: Int32,
        _ descriptor: Int32, offset: Int = 0
    ) throws(VMMError) -> UnsafeMutableRawPointer {
        // MAP_FAILED is minus one.
        guard let pointer = mmap(address, byteCount, protection, flags, descriptor, off_t(offset)),
            UInt(bitPattern: pointer) != UInt.max
        else { throw .system(call: "mmap", errno: errno) }
        return pointer
    }
}
