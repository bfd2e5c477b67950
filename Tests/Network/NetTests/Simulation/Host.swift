import MonotonicTime
@testable import Net

/// A stack with its address, in a class so that tests can keep several and links can point at them.
final class Host {
    var stack: NetworkStack
    let hardware: EthernetAddress
    private var buffer: [UInt8]

    init(_ configuration: NetworkConfiguration, secret: UInt64 = 1, now: Instant = .origin) {
        hardware = configuration.hardwareAddress
        stack = NetworkStack(configuration: configuration, secret: NetworkSecret(secret, ~secret), now: now)
        buffer = Array(repeating: 0, count: stack.frameByteCountMax)
    }

    /// The host 10.0.0.`number` in 10.0.0.0/24.
    convenience init(
        number: UInt8, now: Instant = .origin, transport: TransportConfiguration = .init(),
        adjust: (inout NetworkConfiguration) -> Void = { _ in }
    ) {
        var configuration = NetworkConfiguration(
            hardwareAddress: EthernetAddress(2, 0, 0, 0, 0, number),
            addressing: .static(
                InterfaceAddress(
                    address: IPv4Address(10, 0, 0, number), prefixLength: 24,
                    gateway: IPv4Address(10, 0, 0, 254))))
        configuration.transport = transport
        adjust(&configuration)
        self.init(configuration, secret: UInt64(number) &* 0x1234_5678_9ABC, now: now)
    }

    var address: IPv4Address { stack.address?.address ?? .unspecified }

    /// The next frame the host wants to send.
    func nextFrame(now: Instant) -> [UInt8]? {
        nextFrameAndDescriptor(now: now)?.frame
    }

    func nextFrameAndDescriptor(now: Instant) -> (frame: [UInt8], descriptor: TransmitDescriptor)? {
        var span = buffer.mutableSpan
        var bytes = span.mutableBytes
        guard let descriptor = stack.transmit(into: &bytes, now: now) else { return nil }
        return (Array(buffer[..<descriptor.byteCount]), descriptor)
    }

    /// Everything the host wants to send now.
    func allFrames(now: Instant) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        while let frame = nextFrame(now: now) { frames.append(frame) }
        return frames
    }

    func receive(_ frame: [UInt8], checksumValidated: Bool = false, now: Instant) {
        stack.receive(frame.span.bytes, checksumValidated: checksumValidated, now: now)
    }

    func allEvents() -> [SocketEvent] {
        var events: [SocketEvent] = []
        while let event = stack.nextEvent() { events.append(event) }
        return events
    }

    func listen(_ port: UInt16, backlog: Int = 8) {
        do {
            try stack.listen(port: port, backlog: backlog)
        } catch {
            preconditionFailure("cannot listen on \(port): \(error)")
        }
    }

    func connect(to server: Host, port: UInt16, from localPort: UInt16, now: Instant) -> SocketID {
        let peer = SocketAddress(address: server.address, port: port)
        guard let socket = stack.connect(to: peer, localPort: localPort, now: now) else {
            preconditionFailure("cannot connect from port \(localPort)")
        }
        return socket
    }

    // `#expect` cannot call a noncopyable stack: these do.
    func read(_ socket: SocketID, maximum: Int = .max) -> [UInt8] { stack.read(socket, maximum: maximum) }
    func write(_ socket: SocketID, _ bytes: [UInt8]) -> Int { stack.write(socket, bytes) }
    func write(_ socket: SocketID, _ text: String) -> Int { stack.write(socket, Array(text.utf8)) }
    func readableByteCount(_ socket: SocketID) -> Int { stack.readableByteCount(socket) }
    func writableByteCount(_ socket: SocketID) -> Int { stack.writableByteCount(socket) }
    func unacknowledgedByteCount(_ socket: SocketID) -> Int { stack.unacknowledgedByteCount(socket) }
    var statistics: NetworkStatistics { stack.statistics }
    var nextDeadline: Instant { stack.nextDeadline }

    /// The socket of the only `accepted` event among `events`.
    static func accepted(in events: [SocketEvent]) -> SocketID? {
        for case .accepted(let socket, _, _) in events { return socket }
        return nil
    }
}

/// Exchanges frames over a perfect link until neither host has anything to say.
func settle(_ left: Host, _ right: Host, now: Instant) {
    var isQuiet = false
    while !isQuiet {
        isQuiet = true
        for (sender, receiver) in [(left, right), (right, left)] {
            for frame in sender.allFrames(now: now) {
                receiver.receive(frame, now: now)
                isQuiet = false
            }
        }
    }
}
