import Glibc
import JSON
import Launcher

/// Talks to the fleets that this user runs.
public enum ControlClient {
    /// The ports of fleets that answer, ascending.
    public static func runningPorts() -> [UInt16] {
        RuntimeFolder.ports().filter { connect(port: $0) != nil }
    }

    /// The answer of the fleet at `port` to a command; nil when there is no fleet, or it ends meanwhile.
    public static func send(_ message: ControlMessage, toPort port: UInt16) -> JSONValue? {
        guard let socket = connect(port: port), socket.write(message.json.serialized() + [UInt8(ascii: "\n")])
        else { return nil }
        var answer: [UInt8] = []
        while let bytes = socket.read(), !bytes.isEmpty { answer += bytes }
        return try? JSONValue(parsing: answer)
    }

    private static func connect(port: UInt16) -> FileDescriptor? {
        let socket = FileDescriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(RuntimeFolder.socketPath(forPort: port).utf8)
        let isWritten = withUnsafeMutableBytes(of: &address.sun_path) { room in
            // The last byte stays zero.
            guard path.count < room.count else { return false }
            room.copyBytes(from: path)
            return true
        }
        guard isWritten else { return nil }
        // SAFETY: `connect` reads a `sockaddr_un`'s size of bytes, which `address` has, and keeps no pointer.
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { return nil }
        return socket
    }
}
