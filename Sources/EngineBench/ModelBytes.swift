import Glibc

/// A model file's bytes in huge pages, which is how the kernel holds weights.
enum ModelBytes {
    struct LoadError: Error, CustomStringConvertible {
        let description: String
    }

    private static let hugePageBytes = 2 << 20

    /// Never freed: they serve as long as the process runs.
    static func load(_ path: String) throws(LoadError) -> UnsafeMutableRawBufferPointer {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw LoadError(description: "cannot open \(path)") }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        var address: UnsafeMutableRawPointer?
        guard size > 0, posix_memalign(&address, hugePageBytes, size) == 0, let address else {
            throw LoadError(description: "no memory for \(path)")
        }
        madvise(address, size, MADV_HUGEPAGE)
        var offset = 0
        while offset < size {
            let count = pread(file, address + offset, size - offset, off_t(offset))
            guard count > 0 else { throw LoadError(description: "cannot read \(path)") }
            offset += count
        }
        return UnsafeMutableRawBufferPointer(start: address, count: size)
    }
}
