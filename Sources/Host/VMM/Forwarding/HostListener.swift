import Glibc
import HostSystem

/// A listening socket of the host whose clients reach the guest.
final class HostListener {
    /// Which port of the guest a client reaches.
    enum Destination {
        case port(UInt32)
        /// The client names it: `ConnectRequest`.
        case namedByClient
    }

    let descriptor: FileDescriptor
    let destination: Destination

    /// - Parameter descriptor: a listening socket, non-blocking from here on.
    init(_ descriptor: consuming FileDescriptor, to destination: Destination) {
        descriptor.setNonBlocking()
        self.descriptor = descriptor
        self.destination = destination
    }

    /// Listens on a Unix socket at `path`. One that is left over from a machine that is gone is replaced; this one
    /// stays behind in turn, as a confined monitor removes no files.
    convenience init(unixSocket path: String) throws(VMMError) {
        guard (1...Self.pathBytesMax).contains(path.utf8.count), !path.utf8.contains(0) else {
            throw .configuration(field: "vsock.uds_path", reason: "must have from 1 to \(Self.pathBytesMax) bytes")
        }
        let socket = Self.makeSocket()
        if Self.call(bind, socket, path) != 0 {
            guard errno == EADDRINUSE, Self.isLeftOver(path), unlink(path) == 0, Self.call(bind, socket, path) == 0
            else { throw .socketUnusable(path: path, errno: errno == ECONNREFUSED ? EADDRINUSE : errno) }
        }
        guard listen(socket.number, Self.backlog) == 0 else { throw .socketUnusable(path: path, errno: errno) }
        self.init(socket, to: .namedByClient)
    }

    /// `sockaddr_un` holds 108 bytes, the closing zero among them (unix(7)).
    private static let pathBytesMax = 107
    private static let backlog: Int32 = 1_024

    private static func makeSocket() -> FileDescriptor {
        FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    }

    /// Whether a socket without a listener is at `path`. Otherwise `errno` says what is there.
    private static func isLeftOver(_ path: String) -> Bool {
        let probe = makeSocket()
        if call(connect, probe, path) == 0 {
            errno = EADDRINUSE
            return false
        }
        return errno == ECONNREFUSED && isSocket(path)
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            errno = EADDRINUSE
            return false
        }
        return true
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ socket: borrowing FileDescriptor,
        _ path: String
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let number = socket.number
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                function(number, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
