import MonotonicTime
import Net

/// A network stack with an echoing server on port 80, driven by a script that the fuzzer writes: raw frames, segments
/// of a peer that mostly knows the right numbers, and time.
func fuzzNet(_ source: FuzzInput) {
    var input = source
    var peer = FuzzPeer()
    var stepCount = 0
    // The cap keeps an input's run short whatever it says.
    while !input.isEmpty, stepCount < 512 {
        stepCount += 1
        switch input.takeByte() % 8 {
        case 0: peer.deliver(input.take(Int(input.takeByte()) * 6))
        case 1: peer.deliverIPv4(protocol: input.takeByte(), payload: input.take(Int(input.takeByte())))
        case 2: peer.letTimePass(.milliseconds(UInt64(input.takeUInt16())))
        default: peer.deliverSegment(&input)
        }
        peer.serve()
    }
}

/// The stack under test, and as much of a TCP peer as it takes to get past the sequence checks.
private struct FuzzPeer: ~Copyable {
    private static let hostAddress: [UInt8] = [10, 0, 2, 15]
    private static let peerAddress: [UInt8] = [10, 0, 2, 2]
    private static let hostHardware: [UInt8] = [2, 0, 0, 0, 0, 1]
    private static let peerHardware: [UInt8] = [2, 0, 0, 0, 0, 2]

    private var stack: NetworkStack
    private var now = Instant.origin
    /// What the next segment in order carries, by client port's low bits.
    private var nextSequence = [UInt32](repeating: 1_000, count: 4)
    private var nextAcknowledgment = [UInt32](repeating: 0, count: 4)

    init() {
        let address = InterfaceAddress(
            address: IPv4Address(10, 0, 2, 15), prefixLength: 24,
            gateway: IPv4Address(10, 0, 2, 2))
        var configuration = NetworkConfiguration(
            hardwareAddress: EthernetAddress(2, 0, 0, 0, 0, 1),
            addressing: .static(address))
        configuration.transport.maximumConnections = 3
        configuration.transport.maximumHalfOpenConnections = 3
        configuration.transport.maximumTimeWaitConnections = 2
        configuration.transport.receiveBufferByteCount = 4_096
        configuration.transport.sendBufferByteCount = 4_096
        stack = NetworkStack(configuration: configuration, secret: NetworkSecret(1, 2), now: now)
        do throws(ListenError) {
            try stack.listen(port: 80, backlog: 3)
        } catch {
            preconditionFailure("port 80 of a new stack is free")
        }
    }

    mutating func deliver(_ bytes: [UInt8]) {
        stack.receive(bytes.span.bytes, checksumValidated: true, now: now)
    }

    mutating func letTimePass(_ interval: Interval) {
        now = now + interval
        if stack.nextDeadline <= now { stack.advance(to: now) }
    }

    mutating func deliverIPv4(protocol number: UInt8, payload: [UInt8]) {
        var header: [UInt8] = [0x45, 0]
        header += bigEndian(UInt16(20 + payload.count)) + [0, 0, 0, 0, 64, number, 0, 0]
        header += Self.peerAddress + Self.hostAddress
        let sum = checksum(header)
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 0xff)
        deliver(Self.hostHardware + Self.peerHardware + [0x08, 0x00] + header + payload)
    }

    /// A segment around the right numbers: the script says how far off it is.
    mutating func deliverSegment(_ input: inout FuzzInput) {
        let flow = Int(input.takeByte() % 4)
        let flags = input.takeByte()
        let sequence = nextSequence[flow] &+ UInt32(bitPattern: Int32(Int8(bitPattern: input.takeByte())))
        let acknowledgment = nextAcknowledgment[flow] &+ UInt32(bitPattern: Int32(Int8(bitPattern: input.takeByte())))
        let window = input.takeUInt16()
        let options = input.take(Int(input.takeByte() % 11) * 4)
        let padding = [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
        let data = input.take(Int(input.takeByte()))
        let headerWords = UInt8((20 + options.count + padding.count) / 4)
        var segment = bigEndian(UInt16(40_000 + flow)) + bigEndian(UInt16(80))
        segment += bigEndian(sequence) + bigEndian(acknowledgment)
        segment += [headerWords << 4, flags] + bigEndian(window) + [0, 0, 0, 0]
        deliverIPv4(protocol: 6, payload: segment + options + padding + data)
        let synAndFin = UInt32((flags >> 1 & 1) + (flags & 1))
        nextSequence[flow] = sequence &+ UInt32(data.count) &+ synAndFin
    }

    /// Echoes what came, closes what the peer closed, and looks at every frame that goes out.
    mutating func serve() {
        var eventCount = 0
        while let event = stack.nextEvent() {
            eventCount += 1
            precondition(eventCount < 1_000, "events never end")
            switch event {
            case .readable(let socket): _ = stack.write(socket, stack.read(socket))
            case .peerClosed(let socket): stack.close(socket, now: now)
            case .accepted, .writable, .closed, .addressConfigured, .addressLost: break
            }
        }
        transmitAll()
    }

    private mutating func transmitAll() {
        var frame = [UInt8](repeating: 0, count: 2_048)
        var frameCount = 0
        while true {
            var span = frame.mutableSpan
            var buffer = span.mutableBytes
            guard let descriptor = stack.transmit(into: &buffer, now: now) else { return }
            frameCount += 1
            precondition(frameCount < 1_000, "transmission never ends")
            precondition(descriptor.byteCount <= stack.frameByteCountMax, "a frame is too long")
            noteSegment(frame, descriptor.byteCount)
        }
    }

    /// Learns what to acknowledge from a TCP segment that goes to one of the flows.
    private mutating func noteSegment(_ frame: [UInt8], _ byteCount: Int) {
        guard byteCount >= 54, frame[12] == 0x08, frame[13] == 0, frame[23] == 6 else { return }
        let flow = Int(frame[36]) << 8 + Int(frame[37]) - 40_000
        guard nextSequence.indices.contains(flow) else { return }
        let sequence = frame[38..<42].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let headerByteCount = 34 + Int(frame[46] >> 4) * 4
        let synAndFin = UInt32((frame[47] >> 1 & 1) + (frame[47] & 1))
        nextAcknowledgment[flow] = sequence &+ UInt32(max(0, byteCount - headerByteCount)) &+ synAndFin
    }
}

private func bigEndian(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
private func bigEndian(_ value: UInt32) -> [UInt8] {
    bigEndian(UInt16(value >> 16)) + bigEndian(UInt16(truncatingIfNeeded: value))
}

/// RFC 1071.
private func checksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) { sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1]) }
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(truncatingIfNeeded: sum)
}
