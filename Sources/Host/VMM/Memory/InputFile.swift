import Glibc
import HostSystem

/// A regular file, not empty, open for reading.
struct InputFile: ~Copyable {
    let descriptor: FileDescriptor
    let byteCount: Int

    init(_ path: String) throws(VMMError) {
        descriptor = FileDescriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
        guard descriptor.number >= 0 else { throw .fileUnreadable(path: path, errno: errno) }
        guard let byteCount = descriptor.byteCount, byteCount > 0 else {
            throw .fileUnreadable(path: path, errno: EINVAL)
        }
        self.byteCount = byteCount
    }
}
