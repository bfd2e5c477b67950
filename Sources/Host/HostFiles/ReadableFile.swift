import Glibc
import HostSystem

/// A file that is to be read, looked at before the work begins.
public enum ReadableFile {
    /// The absolute path of a file that can be read: QEMU takes a colon in a relative one for a protocol.
    public static func path(_ path: String, hint: String) throws(FileError) -> String {
        guard let resolved = realpath(path, nil) else {
            throw .unreadable(path: path, reason: errorText(errno), hint: hint)
        }
        defer { free(resolved) }
        var status = stat()
        guard stat(resolved, &status) == 0, access(resolved, R_OK) == 0 else {
            throw .unreadable(path: path, reason: errorText(errno), hint: hint)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(path: path, reason: "it is not a regular file", hint: hint)
        }
        return String(cString: resolved)
    }
}
