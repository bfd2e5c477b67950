import Glibc
import HostSystem

extension ModelFile {
    /// Alignment and size of the pages that the processor maps with one entry.
    private static let hugePageByteCount = 2 << 20
    /// What one call reads: Linux reads less than 2 GiB at a time.
    private static let readByteCountMax = 1 << 30

    /// Reads the whole file into huge pages, which is how the unikernel holds weights. They are never freed: a model
    /// serves as long as its process lives.
    public func load() throws(ModelFileError) -> UnsafeMutableRawBufferPointer {
        let file = FileDescriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
        var address: UnsafeMutableRawPointer?
        guard posix_memalign(&address, Self.hugePageByteCount, byteCount) == 0, let address else {
            throw .memory(
                .hostTooSmall(neededMiB: byteCount >> 20, availableMiB: HostMemory.availableMiB() ?? 0))
        }
        madvise(address, byteCount, Int32(MADV_HUGEPAGE))
        var offset = 0
        while offset < byteCount {
            let wanted = min(byteCount - offset, Self.readByteCountMax)
            // SAFETY: `offset + wanted` is at most `byteCount`, the size of the allocation.
            let count = pread(file.number, address + offset, wanted, offset)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw .file(
                    .unreadable(
                        path: path, reason: count < 0 ? errorText(errno) : "it ends at byte \(offset)",
                        hint: "is something writing it?"))
            }
            offset += count
        }
        return UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    }
}
