import Glibc
import HostSystem

/// A file that appears under its name only when it is complete: until then it has a temporary name beside it, and
/// whatever goes wrong, nothing of it stays behind.
package struct OutputFile: ~Copyable {
    private let file: FileDescriptor
    private let path: String
    private let temporaryPath: String
    private let replacesExisting: Bool
    private var isComplete = false

    /// Creates the file with room for all of it, so that a full disk shows before the work and not after.
    ///
    /// - Parameters:
    ///   - replacesExisting: whether a file that has the name already is to be replaced.
    ///   - isSecret: whether only its owner may read it.
    package init(path: String, byteCount: Int, replacesExisting: Bool, isSecret: Bool = false) throws(FileError) {
        try Self.checkReplaceable(path, replacesExisting)
        let folderEnd = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let temporaryPath = "\(path[..<folderEnd]).\(path[folderEnd...]).\(getpid()).partial"
        let number = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isSecret ? 0o600 : 0o666)
        guard number >= 0 else { throw .unwritable(path: path, reason: errorText(errno)) }
        let failure = Self.setAside(byteCount, number)
        guard failure == 0 else {
            close(number)
            unlink(temporaryPath)
            throw .unwritable(path: path, reason: errorText(failure))
        }
        file = FileDescriptor(owning: number)
        self.path = path
        self.temporaryPath = temporaryPath
        self.replacesExisting = replacesExisting
    }

    deinit { if !isComplete { unlink(temporaryPath) } }

    /// Writes all of `bytes` at `offset` from the start; what is never written is zero.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        var rest = bytes
        while !rest.isEmpty {
            let position = off_t(offset + bytes.count - rest.count)
            let length = pwrite(file.number, rest.baseAddress, rest.count, position)
            if length > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[length...])
            } else if length == 0 || errno != EINTR {
                throw .unwritable(path: path, reason: length == 0 ? "nothing is written" : errorText(errno))
            }
        }
    }

    /// Makes the contents durable and gives the file its name.
    package mutating func complete() throws(FileError) {
        guard fsync(file.number) == 0 else { throw .unwritable(path: path, reason: errorText(errno)) }
        try Self.checkReplaceable(path, replacesExisting)
        guard rename(temporaryPath, path) == 0 else { throw .unwritable(path: path, reason: errorText(errno)) }
        isComplete = true
    }

    /// Makes the file `byteCount` zeros long, on disk where the file system can; answers an error number.
    private static func setAside(_ byteCount: Int, _ number: Int32) -> Int32 {
        let failure = posix_fallocate(number, 0, off_t(byteCount))
        // Where no room can be set aside, writing will show whether there is any.
        guard failure == EOPNOTSUPP || failure == EINVAL else { return failure }
        return ftruncate(number, off_t(byteCount)) == 0 ? 0 : errno
    }

    private static func checkReplaceable(_ path: String, _ replacesExisting: Bool) throws(FileError) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unwritable(path: path, reason: "it is not a regular file")
        }
        guard replacesExisting else { throw .exists(path: path) }
    }
}
