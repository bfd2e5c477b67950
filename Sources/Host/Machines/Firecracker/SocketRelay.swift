import Glibc
import HostFiles
import HostSystem

/// Carries connections of a TCP port into a Firecracker machine: each to a port of the guest, through the Unix socket
/// of its vsock device (Firecracker's docs/vsock.md). Two threads for each connection, one for each way, wait for
/// nothing but their own side. They end with their connection, and with this process.
final class SocketRelay: Sendable {
    /// Where the monitor makes the Unix socket; gone with the relay.
    let socketPath: String
    private let folder: String

    /// Makes a folder for the socket that only this user can enter.
    init() throws(FileError) {
        var template = Array("/tmp/hexa-os-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw .unwritable(path: "/tmp/hexa-os-XXXXXX", reason: errorText(errno))
        }
        folder = String(cString: made)
        socketPath = "\(folder)/v.sock"
    }

    deinit {
        unlink(socketPath)
        rmdir(folder)
    }

    /// Takes connections of `listener` from here on. One that comes while the guest does not listen is closed.
    func start(_ listener: consuming FileDescriptor, guestPort: UInt16) {
        let route = Route(listener: listener, socketPath: socketPath, request: "CONNECT \(guestPort)\n")
        Self.detach { route.acceptForEver() }
    }

    /// Runs `body` on a thread of its own; false when there is none to be had.
    @discardableResult
    fileprivate static func detach(_ body: @escaping @Sendable () -> Void) -> Bool {
        switch HostThread.start(stackByteCount: threadStackBytes, isDetached: true, body) {
        case .success: true
        case .failure: false
        }
    }

    private static let threadStackBytes = 256 << 10
}

/// From a listener to the guest.
private final class Route: Sendable {
    let listener: FileDescriptor
    let socketPath: String
    let request: String

    init(listener: consuming FileDescriptor, socketPath: String, request: String) {
        self.listener = listener
        self.socketPath = socketPath
        self.request = request
    }

    func acceptForEver() {
        while true {
            let number = accept(listener.number, nil, nil)
            if number < 0 {
                // Out of descriptors, most likely: some will be given back.
                usleep(Self.pauseMicroseconds)
                continue
            }
            let client = Socket(FileDescriptor(owning: number))
            SocketRelay.detach { [self] in serve(client) }
        }
    }

    private static let pauseMicroseconds: UInt32 = 10_000

    private func serve(_ client: Socket) {
        // Tokens are small and go out one by one.
        var enabled: Int32 = 1
        setsockopt(client.number, Int32(IPPROTO_TCP), TCP_NODELAY, &enabled, socklen_t(MemoryLayout<Int32>.size))
        guard let guest = connectToGuest() else { return }
        guard SocketRelay.detach({ guest.copyAll(to: client) }) else { return }
        client.copyAll(to: guest)
    }

    /// A stream to the guest; nil when nobody listens there, or the monitor is not there yet.
    private func connectToGuest() -> Socket? {
        let guest = Socket(FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8.prefix($0.count - 1)) }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(guest.number, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isConnected, guest.write(Array(request.utf8)), guest.readLine()?.starts(with: Array("OK ".utf8)) ?? false
        else { return nil }
        return guest
    }
}

/// One end of a connection, shared by the threads of both ways.
private final class Socket: Sendable {
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    var number: Int32 { descriptor.number }

    func write(_ bytes: [UInt8]) -> Bool { descriptor.write(bytes) }

    /// Reads up to a line feed, and not beyond it; nil when the line does not end or is none of the protocol's.
    func readLine() -> [UInt8]? {
        var line: [UInt8] = []
        while line.count < Self.lineBytesMax, let byte = descriptor.read(upTo: 1)?.first {
            if byte == UInt8(ascii: "\n") { return line }
            line.append(byte)
        }
        return nil
    }

    private static let lineBytesMax = 32

    /// Passes on what comes, and that nothing more does. When `other` takes nothing more, this side may not go on.
    func copyAll(to other: Socket) {
        while let bytes = descriptor.read(), !bytes.isEmpty {
            guard other.write(bytes) else {
                shutdown(number, Int32(SHUT_RD))
                break
            }
        }
        shutdown(other.number, Int32(SHUT_WR))
    }
}
