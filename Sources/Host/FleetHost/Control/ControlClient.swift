import Glibc
import HostSystem
import JSON

/// Talks to the fleets that this user runs.
public enum ControlClient {
    /// The ports of fleets that answer, ascending.
    public static func runningPorts() -> [UInt16] {
        RuntimeFolder.ports().filter { connect(port: $0) != nil }
    }

    /// The answer of the fleet at `port` to a command; nil when there is no fleet, or it ends meanwhile.
    public static func send(_ message: ControlMessage, toPort port: UInt16) -> JSONValue? {
        var answer: JSONValue?
        follow(message, toPort: port) { answer = $0 }
        return answer
    }

    /// Hands over one answer after another until the fleet ends, or has no more.
    public static func follow(_ message: ControlMessage, toPort port: UInt16, onAnswer: (JSONValue) -> Void) {
        guard let socket = connect(port: port), socket.write(message.json.serialized() + [UInt8(ascii: "\n")])
        else { return }
        var pending: [UInt8] = []
        while let bytes = socket.read(), !bytes.isEmpty {
            pending += bytes
            // Only what has just come can hold the line's end.
            guard bytes.contains(UInt8(ascii: "\n")) else { continue }
            var lines = pending.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            pending = Array(lines.removeLast())
            for line in lines { if let answer = try? JSONValue(parsing: Array(line)) { onAnswer(answer) } }
        }
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
