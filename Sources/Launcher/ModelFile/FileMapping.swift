import Glibc

/// A file mapped read-only, of which only the pages that are looked at are read: into large pages, where they are not
/// in memory yet, because whoever maps the file later is faster then.
struct FileMapping: ~Copyable {
    /// The whole file, for as long as this value lives.
    let bytes: UnsafeRawBufferPointer

    /// - Parameter path: for messages.
    init(_ file: borrowing FileDescriptor, byteCount: Int, path: String) throws(LaunchError) {
        // Nothing cannot be mapped.
        guard byteCount > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, file.number, 0)
        guard let address, address != MAP_FAILED else {
            throw .fileUnreadable(path: path, reason: errorText(errno), hint: "it cannot be mapped")
        }
        madvise(address, byteCount, Int32(MADV_HUGEPAGE))
        bytes = UnsafeRawBufferPointer(start: address, count: byteCount)
    }

    deinit {
        if let address = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: address), bytes.count) }
    }
}
