import MonotonicTime
@testable import Net

/// Arbitrary bytes read as a sequence of frames for a stack.
///
/// A record is one control byte, two length bytes and that many bytes of frame. The control byte's bits make it likely
/// that the frame gets past the outer layers: bit 0 vouches for the transport checksum, bit 1 writes the addresses of
/// the stack and of its peer, bit 2 mends lengths and checksum of the IPv4 header, bit 3 lets 250 ms pass first, bit 4
/// reads and answers whatever can be read, bit 5 closes what is open.
struct FrameSequence: ~Copyable {
    static var port: UInt16 { 80 }
    private var stack: NetworkStack
    private var output: [UInt8]
    private var now = Instant.origin
    private var sockets: [SocketID] = []

    init() {
        var configuration = NetworkConfiguration(
            hardwareAddress: EthernetAddress(2, 0, 0, 0, 0, 1),
            addressing: .static(InterfaceAddress(address: IPv4Address(10, 0, 0, 1), prefixLength: 24)))
        configuration.transport.maximumConnections = 8
        configuration.transport.maximumHalfOpenConnections = 4
        configuration.transport.maximumTimeWaitConnections = 2
        configuration.transport.receiveBufferByteCount = 4096
        configuration.transport.sendBufferByteCount = 4096
        stack = NetworkStack(configuration: configuration, secret: NetworkSecret(1, 2), now: now)
        output = Array(repeating: 0, count: stack.frameByteCountMax)
        try? stack.listen(port: Self.port, backlog: 4)
    }

    /// Feeds `bytes` to a new stack.
    static func run(_ bytes: RawSpan) {
        var sequence = FrameSequence()
        var offset = 0
        while offset + 3 <= bytes.byteCount {
            let control = bytes.byte(at: offset)
            let length = min(Int(bytes.bigEndian16(at: offset + 1)) & 0x7FF, bytes.byteCount - offset - 3)
            sequence.feed(bytes.extracting(offset + 3..<offset + 3 + length), control: control)
            offset += 3 + length
        }
        sequence.settle()
    }

    /// One record.
    mutating func feed(_ frame: RawSpan, control: UInt8) {
        if control & 8 != 0 {
            now = now + .milliseconds(250)
            stack.advance(to: now)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(frame.byteCount)
        for offset in 0..<frame.byteCount { bytes.append(frame.byte(at: offset)) }
        mend(&bytes, control: control)
        stack.receive(bytes.span.bytes, checksumValidated: control & 1 != 0, now: now)
        act(control: control)
        drain()
    }

    /// Lets every timer run out.
    mutating func settle() {
        for _ in 0..<1000 {
            guard stack.nextDeadline != .distantFuture else { return }
            now = max(now, stack.nextDeadline)
            stack.advance(to: now)
            act(control: 0)
            drain()
        }
    }

    private func mend(_ bytes: inout [UInt8], control: UInt8) {
        guard bytes.count >= EthernetHeader.byteCount + IPv4Header.byteCount else { return }
        let count = bytes.count - EthernetHeader.byteCount
        var span = bytes.mutableSpan
        var frame = span.mutableBytes
        let start = EthernetHeader.byteCount
        if control & 2 != 0 {
            frame.store(EthernetAddress(2, 0, 0, 0, 0, 1), at: EthernetHeader.Offset.destination)
            frame.store(EthernetAddress(2, 0, 0, 0, 0, 2), at: EthernetHeader.Offset.source)
            frame.store(IPv4Address(10, 0, 0, 2), at: start + IPv4Header.Offset.source)
            frame.store(IPv4Address(10, 0, 0, 1), at: start + IPv4Header.Offset.destination)
        }
        guard control & 4 != 0 else { return }
        frame.storeBigEndian(EtherType.ipv4.rawValue, at: EthernetHeader.Offset.type)
        frame.store(UInt8(0x45), at: start + IPv4Header.Offset.versionAndLength)
        frame.storeBigEndian(UInt16(truncatingIfNeeded: count), at: start + IPv4Header.Offset.totalLength)
        frame.storeBigEndian(UInt16(0), at: start + IPv4Header.Offset.flagsAndFragment)
        frame.storeBigEndian(UInt16(0), at: start + IPv4Header.Offset.checksum)
        var checksum = InternetChecksum()
        checksum.add(frame.bytes.extracting(start..<start + IPv4Header.byteCount))
        frame.storeBigEndian(checksum.value, at: start + IPv4Header.Offset.checksum)
    }

    private mutating func act(control: UInt8) {
        while let event = stack.nextEvent() {
            if case .accepted(let socket, _, _) = event { sockets.append(socket) }
            if case .closed(let socket, _) = event { sockets.removeAll { $0 == socket } }
        }
        for socket in sockets {
            if control & 16 != 0 {
                let bytes = stack.read(socket)
                _ = stack.write(socket, bytes)
            }
            if control & 32 != 0 { stack.close(socket, now: now) }
        }
    }

    private mutating func drain() {
        Self.drain(&stack, into: &output, now: now)
    }

    private static func drain(_ stack: inout NetworkStack, into output: inout [UInt8], now: Instant) {
        var span = output.mutableSpan
        var bytes = span.mutableBytes
        while stack.transmit(into: &bytes, now: now) != nil {}
    }
}
