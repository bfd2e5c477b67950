import Glibc
import HostSystem

/// A file, or what else a path names, open for writing; made if it is not there, and without its old content.
final class OutputFile {
    let descriptor: FileDescriptor

    init(_ path: String) throws(VMMError) {
        descriptor = FileDescriptor(owning: open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644))
        guard descriptor.number >= 0 else { throw .fileUnwritable(path: path, errno: errno) }
    }
}
