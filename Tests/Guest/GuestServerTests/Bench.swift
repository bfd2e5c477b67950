import GuestServer
import Law
import MonotonicTime
import Net
import Serving
import Transformer

/// An appliance and a client's stack, wired back to back, with a clock that tests move.
final class Bench {
    var node: NetworkServer<Transformer>
    var client: NetworkStack
    private(set) var now = Instant.origin
    private var frame = [UInt8](repeating: 0, count: 2_048)
    private var nextPort: UInt16 = 40_000

    static let serverAddress = IPv4Address(10, 0, 0, 1)

    init(keys: [String] = []) throws {
        let clients =
            keys.isEmpty
            ? [Law.Client(name: "anonymous", key: [], grants: Law.clientGrants)]
            : keys.map { Law.Client(name: $0, key: Array($0.utf8), grants: Law.clientGrants) }
        var law = Law(clients: clients)
        let permit = try law.check(law.kernelCapability(), Listen.self, on: .tcpPort, now: .origin)
        node = NetworkServer(stack: Self.stack(Self.serverAddress), server: Server(law: law))
        client = Self.stack(IPv4Address(10, 0, 0, 2))
        try node.listen(permit, port: 80, backlog: 16)
    }

    private static func stack(_ address: IPv4Address) -> NetworkStack {
        let configuration = NetworkConfiguration(
            hardwareAddress: EthernetAddress(2, 0, 0, 0, 0, UInt8(address.bits & 0xff)),
            addressing: .static(InterfaceAddress(address: address, prefixLength: 24)))
        return NetworkStack(configuration: configuration, secret: NetworkSecret(1, 2), now: .origin)
    }

    /// Carries frames both ways and gives the node its turns until neither side has anything to say.
    func settle() {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            while node.turn(now: now) {}
            while let count = nodeFrame() {
                client.receive(frame.span.extracting(first: count).bytes, now: now)
                isQuiet = false
            }
            while let count = clientFrame() {
                node.receive(frame.span.extracting(first: count).bytes, checksumValidated: false, now: now)
                isQuiet = false
            }
        }
    }

    /// Lets `interval` pass in small steps, as timers of both sides would have it.
    func pass(_ interval: Interval) {
        let end = now + interval
        while now < end {
            now = min(end, now + .milliseconds(10))
            client.advance(to: now)
            settle()
        }
    }

    private func nodeFrame() -> Int? {
        var span = frame.mutableSpan
        var bytes = span.mutableBytes
        return node.transmit(into: &bytes, now: now)?.byteCount
    }

    private func clientFrame() -> Int? {
        var span = frame.mutableSpan
        var bytes = span.mutableBytes
        return client.transmit(into: &bytes, now: now)?.byteCount
    }

    /// An established connection to the server.
    func connect() throws -> SocketID {
        let server = SocketAddress(address: Self.serverAddress, port: 80)
        nextPort += 1
        guard let socket = client.connect(to: server, localPort: nextPort, now: now) else { throw NoConnection() }
        settle()
        return socket
    }

    struct NoConnection: Error {}

    var openConnectionCount: Int { node.openConnectionCount }
    var isDrained: Bool { node.isDrained }

    func send(_ text: String, on socket: SocketID) {
        let accepted = client.write(socket, Array(text.utf8))
        precondition(accepted == text.utf8.count, "the client's send buffer is full")
        settle()
    }

    func received(on socket: SocketID) -> String {
        String(decoding: client.read(socket), as: UTF8.self)
    }

    /// Events of the client's stack since the last call.
    func clientEvents() -> [SocketEvent] {
        var events: [SocketEvent] = []
        while let event = client.nextEvent() { events.append(event) }
        return events
    }
}
