import Glibc
import HostSystem

/// TCP to this machine's own 127.0.0.1.
enum Loopback {
    /// Lends `body` the socket address of `port`.
    static func withAddress<Result>(port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// The local port of an IPv4 socket; nil for anything else.
    static func localPort(of socket: Int32) -> UInt16? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        return result == 0 && address.sin_family == AF_INET ? UInt16(bigEndian: address.sin_port) : nil
    }

    static func makeSocket() -> FileDescriptor {
        FileDescriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    }

    /// A non-blocking connection to `port`; nil when it is refused at once.
    static func connect(port: UInt16) -> FileDescriptor? {
        let socket = makeSocket()
        let result = withAddress(port: port) { Glibc.connect(socket.number, $0, $1) }
        guard result == 0 else { return nil }
        socket.setNonBlocking()
        return socket
    }
}
