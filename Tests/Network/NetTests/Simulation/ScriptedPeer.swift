import MonotonicTime
@testable import Net

/// What a connection has sent, in numbers relative to both initial sequence numbers.
struct Seen: Equatable, CustomStringConvertible {
    var flags: TCPFlags
    var sequence: Int
    var acknowledgment: Int
    var payload: [UInt8]
    var window: Int
    var options: TCPOptions

    var text: String { String(decoding: payload, as: UTF8.self) }
    var count: Int { payload.count }

    var description: String {
        "flags \(flags.rawValue) seq \(sequence) ack \(acknowledgment) len \(count) win \(window)"
    }
}

/// The peer of a TCP transport, played by the test: segments in, segments out, virtual time. The peer's sequence
/// numbers start at `initialSequence`, which the test sees as 0, as it sees the host's.
final class ScriptedPeer {
    static let initialSequence = SequenceNumber(0xFFFF_FF00)

    var transport: TCPTransport
    var now = Instant(nanoseconds: 5_000_000_000)
    let endpoints: TCPEndpoints
    private(set) var hostInitial = SequenceNumber(0)
    /// The reset that answered the last segment.
    private(set) var reset: TCPReset?
    /// Set by the handshake.
    var socket: SocketID?
    /// Added to every segment once the handshake has agreed on timestamps.
    var timestamp: TCPTimestamps?

    init(configuration: TransportConfiguration = .init(), port: UInt16 = 33_000, sharing other: ScriptedPeer? = nil) {
        endpoints = TCPEndpoints(
            localAddress: IPv4Address(10, 0, 0, 1), localPort: 80,
            remoteAddress: IPv4Address(10, 0, 0, 9), remotePort: port)
        transport =
            other?.transport
            ?? TCPTransport(
                configuration: configuration, maximumTransmissionUnit: 1500,
                secret: NetworkSecret(1, 2))
        if other == nil { listen(backlog: 8) }
    }

    func listen(port: UInt16 = 80, backlog: Int) {
        do { try transport.listen(port: port, backlog: backlog) } catch { preconditionFailure("\(error)") }
    }

    /// A peer with an established connection, with MSS 1000 and without other options unless `options` says so.
    static func established(
        configuration: TransportConfiguration = .init(), window: Int = 60_000,
        options: TCPOptions = .init(maximumSegmentSize: 1000),
        echo: UInt32 = 0
    ) -> ScriptedPeer {
        let peer = ScriptedPeer(configuration: configuration)
        peer.handshake(window: window, options: options)
        return peer
    }

    func handshake(window: Int = 60_000, options: TCPOptions = .init(maximumSegmentSize: 1000)) {
        let answer = send(.syn, sequence: 0, window: window, options: options)
        if let theirs = options.timestamps, let ours = answer.first?.options.timestamps {
            timestamp = TCPTimestamps(value: theirs.value, echo: ours.value)
        }
        _ = send(.ack, sequence: 1, acknowledgment: 1, window: window)
        for case .accepted(let accepted, _, _) in events() { socket = accepted }
    }

    /// Delivers a segment and returns what the host sends at once.
    @discardableResult
    func send(
        _ flags: TCPFlags, sequence: Int, acknowledgment: Int = 0, window: Int = 60_000, _ payload: String = "",
        options: TCPOptions? = nil
    ) -> [Seen] {
        send(
            flags, sequence: sequence, acknowledgment: acknowledgment, window: window, Array(payload.utf8),
            options: options)
    }

    @discardableResult
    func send(
        _ flags: TCPFlags, sequence: Int, acknowledgment: Int = 0, window: Int = 60_000, _ payload: [UInt8],
        options: TCPOptions? = nil
    ) -> [Seen] {
        var options = options ?? TCPOptions()
        if options.timestamps == nil { options.timestamps = timestamp }
        let header = TCPHeader(
            sourcePort: endpoints.remotePort, destinationPort: endpoints.localPort,
            sequence: Self.initialSequence + sequence, acknowledgment: hostInitial + acknowledgment,
            flags: flags, window: UInt16(clamping: window), options: options)
        reset = transport.receive(header, payload: payload.span.bytes, endpoints: endpoints, now: now)
        return output()
    }

    /// SACK blocks in numbers relative to the host's initial sequence number.
    func sack(_ blocks: (Int, Int)...) -> TCPOptions {
        var options = TCPOptions()
        for block in blocks {
            options.sackBlocks.append(SequenceRange(start: hostInitial + block.0, end: hostInitial + block.1))
        }
        return options
    }

    /// Everything the host wants to send to this peer now.
    func output() -> [Seen] {
        var seen: [Seen] = []
        while let slot = transport.firstReady {
            guard let segment = transport.nextSegment(of: slot, now: now) else { continue }
            var payload = [UInt8](repeating: 0, count: segment.payloadByteCount)
            var span = payload.mutableSpan
            var bytes = span.mutableBytes
            transport.copyPayload(of: segment, slot: slot, into: &bytes, at: 0)
            let header = segment.header
            if header.flags.contains(.syn) { hostInitial = header.sequence }
            seen.append(
                Seen(
                    flags: header.flags, sequence: header.sequence - hostInitial,
                    acknowledgment: header.acknowledgment - Self.initialSequence, payload: payload,
                    window: Int(header.window), options: header.options))
        }
        return seen
    }

    /// Lets time pass and returns what the host sends meanwhile, with the milliseconds at which it does.
    func wait(_ interval: Interval) -> [(milliseconds: Int, segment: Seen)] {
        let start = now, end = now + interval
        var seen: [(milliseconds: Int, segment: Seen)] = []
        while transport.nextDeadline <= end {
            now = max(now, transport.nextDeadline)
            transport.advance(to: now)
            for segment in output() { seen.append((Int((now - start).milliseconds), segment)) }
        }
        now = end
        return seen
    }

    func events() -> [SocketEvent] {
        var events: [SocketEvent] = []
        while let event = transport.nextEvent() { events.append(event) }
        return events
    }

    // The user's side of the only connection.
    func write(_ text: String) -> [Seen] { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) -> [Seen] {
        guard let socket else { return [] }
        _ = transport.write(socket, bytes.span.bytes)
        return output()
    }

    func read(_ maximum: Int = .max) -> [UInt8] {
        guard let socket else { return [] }
        var bytes: [UInt8] = []
        _ = transport.read(socket, into: &bytes, maximum: maximum)
        return bytes
    }

    func close() -> [Seen] {
        guard let socket else { return [] }
        transport.close(socket, now: now)
        return output()
    }

    func finishWriting() -> [Seen] {
        guard let socket else { return [] }
        transport.finishWriting(socket)
        return output()
    }

    /// The state of this peer's connection; nil when there is none.
    var state: TCPState? { connection?.state }
    var connection: TCPConnection? { transport.table.slot(of: endpoints.key).map { transport.slots[$0].connection } }
}
