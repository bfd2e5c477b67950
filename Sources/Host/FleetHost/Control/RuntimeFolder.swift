import Glibc
import HostFiles
import HostSystem

/// Where the control sockets of running fleets are: a folder that is its owner's alone.
public enum RuntimeFolder {
    /// `hexa-os` in `XDG_RUNTIME_DIR`, or in /tmp with the user's number in its name.
    static var path: String {
        if let base = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), base.hasPrefix("/") {
            return "\(base)/hexa-os"
        }
        return "/tmp/hexa-os-\(getuid())"
    }

    static func socketPath(forPort port: UInt16) -> String { "\(path)/\(port).socket" }

    /// Makes the folder and answers the path of a socket that is to be made. A socket that is there already is one
    /// without a listener: its port is free.
    static func prepareSocket(forPort port: UInt16) throws(FileError) -> String {
        mkdir(path, 0o700)
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .unwritable(path: path, reason: errorText(errno)) }
        // In /tmp another user may have been first.
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
            throw .unwritable(path: path, reason: "it must be a folder of yours with mode 700")
        }
        return socketPath(forPort: port)
    }

    static func restrict(_ path: String) { chmod(path, 0o600) }

    static func removeSocket(forPort port: UInt16) { unlink(socketPath(forPort: port)) }

    /// The ports of the fleets that may be running, ascending.
    static func ports() -> [UInt16] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var ports: [UInt16] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".socket"), let port = UInt16(name.dropLast(".socket".count)) { ports.append(port) }
        }
        return ports.sorted()
    }
}
