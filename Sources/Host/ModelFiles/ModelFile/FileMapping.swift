import Glibc
import HostFiles
import HostSystem

/// A file mapped read-only, of which only the pages that are looked at are read: into large pages, where they are not
/// in memory yet, because whoever maps the file later is faster then.
struct FileMapping: ~Copyable {
    /// The whole file, for as long as this value lives; at an address where large pages fit.
    let bytes: UnsafeRawBufferPointer
    /// Address space that is given back as a whole.
    private let reservation: UnsafeMutableRawBufferPointer

    static let largePageByteCount = 2 << 20

    /// - Parameter path: for messages.
    init(_ file: borrowing FileDescriptor, byteCount: Int, path: String) throws(FileError) {
        // Nothing cannot be mapped.
        guard byteCount > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            reservation = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return
        }
        // Room for one large page more: the file begins at the first multiple of its size.
        let reservedByteCount = byteCount + Self.largePageByteCount
        let reserved = mmap(nil, reservedByteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let reserved, reserved != MAP_FAILED else { throw Self.failure(path: path) }
        let start = reserved.alignedUp(toMultipleOf: Self.largePageByteCount)
        guard mmap(start, byteCount, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.number, 0) != MAP_FAILED else {
            let failure = Self.failure(path: path)
            munmap(reserved, reservedByteCount)
            throw failure
        }
        madvise(start, byteCount, Int32(MADV_HUGEPAGE))
        bytes = UnsafeRawBufferPointer(start: start, count: byteCount)
        reservation = UnsafeMutableRawBufferPointer(start: reserved, count: reservedByteCount)
    }

    deinit {
        if let address = reservation.baseAddress { munmap(address, reservation.count) }
    }

    /// By the error number of the call that failed last.
    static func failure(path: String) -> FileError {
        .unreadable(path: path, reason: errorText(errno), hint: "it cannot be mapped")
    }
}
