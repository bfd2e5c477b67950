import Glibc
import HostErrors
import HostSystem

/// A port of 127.0.0.1 that is this program's from here on: a socket that listens, so that nobody else can have the
/// port and connections wait in the backlog until somebody takes them. A monitor gets the socket itself; there is no
/// moment in between in which the port is free.
public struct ServerPort: ~Copyable {
    public let number: UInt16
    private let socket: FileDescriptor

    /// Connections that may wait: bursts of clients, and those that come while the guest boots.
    private static let backlog: Int32 = 1_024

    /// Takes `number`; 0 stands for any that is free.
    public init(_ number: UInt16) throws(PortError) {
        try self.init(number, on: Loopback.makeSocket())
    }

    /// The same for a TCP socket that is bound to nothing yet.
    init(_ number: UInt16, on socket: consuming FileDescriptor) throws(PortError) {
        let socket = try number == 0 ? Self.bindAny(socket) : Self.bind(socket, to: number)
        guard listen(socket.number, Self.backlog) == 0, let taken = Loopback.localPort(of: socket.number)
        else { throw Self.failure(errno, port: number) }
        self.number = taken
        self.socket = socket
    }

    /// Takes over a socket that this program was started with; `flag` is what named it.
    public init(inheriting descriptor: Int32, flag: String) throws(UnusableValue) {
        var listens: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0, listens == 1,
            let port = Loopback.localPort(of: descriptor)
        else {
            throw UnusableValue(flag: flag, reason: "\(descriptor) is no socket that listens on a port of IPv4")
        }
        // Whom this program starts gets it by choice only.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        number = port
        socket = FileDescriptor(owning: descriptor)
    }

    /// The listening socket, to be handed to a child; it stays this program's as well.
    public var descriptor: Int32 { socket.number }

    /// The listening socket, for whoever closes it.
    public consuming func release() -> Int32 { socket.release() }

    /// Lets a program listen on the port that takes no socket but binds its own with SO_REUSEADDR, as QEMU does. Until
    /// it does, connections are refused, and only a program that asks for this very port could come first.
    func standAside() { shutdown(socket.number, Int32(SHUT_RDWR)) }

    /// Only a socket that was bound to a number keeps it when it no longer listens (Linux, `SOCK_BINDPORT_LOCK`): the
    /// first one finds the number, and the second has it while the first is still there. Both may as long as neither
    /// listens, and Linux gives the port to nobody else who asks for any.
    private static func bindAny(_ socket: consuming FileDescriptor) throws(PortError) -> FileDescriptor {
        let first = try bind(Loopback.makeSocket(), to: 0)
        guard let number = Loopback.localPort(of: first.number) else { throw failure(errno, port: 0) }
        return try bind(socket, to: number)
    }

    private static func bind(
        _ socket: consuming FileDescriptor, to number: UInt16
    ) throws(PortError) -> FileDescriptor {
        // A port whose old connections are only waiting out their time is free.
        var enabled: Int32 = 1
        setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &enabled, socklen_t(MemoryLayout<Int32>.size))
        let isBound = Loopback.withAddress(port: number) { Glibc.bind(socket.number, $0, $1) == 0 }
        guard isBound else { throw failure(errno, port: number) }
        return socket
    }

    private static func failure(_ number: Int32, port: UInt16) -> PortError {
        number == EADDRINUSE ? .taken(port: port) : .forbidden(port: port, reason: errorText(number))
    }
}
