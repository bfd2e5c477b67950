import MonotonicTime
import TestSupport
import Testing

@testable import Net

/// Two stacks and a wire that neither loses nor reorders.
private struct Wire {
    var host = VsockStack(localContext: 2, peerContext: 3)
    var guest = VsockStack(localContext: 3, peerContext: 2)

    init(guestConfiguration: VsockConfiguration = VsockConfiguration()) {
        guest = VsockStack(localContext: 3, peerContext: 2, configuration: guestConfiguration)
        guest.listen(port: 80)
    }

    /// One packet of `sender` to `receiver`, of `room` bytes at most.
    static func carry(_ sender: inout VsockStack, _ receiver: inout VsockStack, room: Int = 4_096) -> Bool {
        var bytes = [UInt8](repeating: 0xee, count: room)
        var span = bytes.mutableSpan
        var buffer = span.mutableBytes
        guard let count = sender.transmit(into: &buffer) else { return false }
        receiver.receive(bytes.span.extracting(first: count).bytes)
        return true
    }

    /// Until both are silent.
    mutating func settle() {
        for _ in 0..<10_000 {
            let sent = Self.carry(&host, &guest)
            let answered = Self.carry(&guest, &host)
            if !sent && !answered { return }
        }
        Issue.record("the stacks talk without end")
    }

    /// A stream from the host to the guest's port 80, by the names of both sides.
    mutating func open() throws -> (host: VsockStreamID, guest: VsockStreamID) {
        let connected = host.connect(toPort: 80)
        let stream = try #require(connected)
        settle()
        #expect(host.nextEvent() == .opened(stream, localPort: 1_024 + UInt32(stream.slot)))
        guard case .opened(let other, localPort: 80) = guest.nextEvent() else { throw Missing() }
        return (stream, other)
    }

    struct Missing: Error {}
}

@Suite struct VsockTests {
    private let now = Instant.origin

    private func bytes(_ values: UInt8...) -> [UInt8] { values }

    @Test func droppedStreamsAreForgottenAndTheListenerStays() throws {
        var wire = Wire()
        let (_, guest) = try wire.open()
        wire.guest.dropStreams()
        #expect(wire.guest.streamCount == 0)
        #expect(wire.guest.nextEvent() == nil)
        #expect(wire.guest.write(guest, Array("late".utf8).span.bytes) == 0)
        #expect(!wire.guest.hasPacket)
        wire.host = VsockStack(localContext: 2, peerContext: 3)
        let (again, other) = try wire.open()
        #expect(wire.host.write(again, Array("ping".utf8).span.bytes) == 4)
        wire.settle()
        #expect(wire.guest.nextEvent() == .readable(other))
    }

    @Test func carriesBytesBothWays() throws {
        var wire = Wire()
        let (host, guest) = try wire.open()
        #expect(wire.host.write(host, Array("ping".utf8).span.bytes) == 4)
        wire.settle()
        #expect(wire.guest.nextEvent() == .readable(guest))
        #expect(wire.guest.read(guest) == Array("ping".utf8))
        #expect(wire.guest.write(guest, Array("pong".utf8).span.bytes) == 4)
        wire.settle()
        #expect(wire.host.nextEvent() == .readable(host))
        #expect(wire.host.read(host) == Array("pong".utf8))
    }

    @Test func portWithoutListenerRefuses() throws {
        var wire = Wire()
        let connected = wire.host.connect(toPort: 81)
        let stream = try #require(connected)
        wire.settle()
        #expect(wire.host.nextEvent() == .closed(stream, .refused))
        #expect(wire.host.streamCount == 0)
    }

    @Test func moreStreamsThanAllowedAreRefused() throws {
        var wire = Wire(guestConfiguration: VsockConfiguration(streamCountMax: 1))
        _ = try wire.open()
        let connected = wire.host.connect(toPort: 80)
        let second = try #require(connected)
        wire.settle()
        #expect(wire.host.nextEvent() == .closed(second, .refused))
    }

    @Test func halfCloseLetsTheAnswerThrough() throws {
        var wire = Wire()
        let (host, guest) = try wire.open()
        _ = wire.host.write(host, bytes(1).span.bytes)
        wire.host.finishWriting(host)
        wire.settle()
        #expect(wire.guest.nextEvent() == .readable(guest))
        #expect(wire.guest.nextEvent() == .peerClosed(guest))
        #expect(wire.guest.read(guest) == [1])
        #expect(wire.guest.write(guest, bytes(2, 3).span.bytes) == 2)
        wire.guest.close(guest, now: now)
        wire.settle()
        #expect(wire.host.nextEvent() == .readable(host))
        #expect(wire.host.nextEvent() == .peerClosed(host))
        // The end waits for the reader.
        #expect(wire.host.nextEvent() == nil)
        #expect(wire.host.read(host) == [2, 3])
        wire.settle()
        #expect(wire.host.nextEvent() == .closed(host, .finished))
        #expect(wire.guest.nextEvent() == .closed(guest, .finished))
        #expect(wire.host.streamCount == 0 && wire.guest.streamCount == 0)
    }

    @Test func abortReachesTheOtherSide() throws {
        var wire = Wire()
        let (host, guest) = try wire.open()
        wire.host.abort(host)
        wire.settle()
        #expect(wire.guest.nextEvent() == .closed(guest, .reset))
        #expect(wire.guest.write(guest, bytes(1).span.bytes) == 0)
    }

    @Test func slowReaderHoldsTheWriterBackAndLosesNothing() throws {
        var wire = Wire()
        let (host, guest) = try wire.open()
        let sent = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var position = 0
        var received: [UInt8] = []
        while received.count < sent.count {
            position += wire.host.write(host, sent.span.extracting(position...).bytes)
            wire.settle()
            #expect(wire.guest.readableByteCount(guest) <= 64 << 10)
            received += wire.guest.read(guest, maximum: 10_000)
        }
        #expect(received == sent)
    }

    @Test func unansweredCloseIsGivenUp() throws {
        var wire = Wire()
        let (host, _) = try wire.open()
        wire.host.close(host, now: now)
        #expect(wire.host.nextDeadline == now + .seconds(60))
        wire.host.advance(to: now + .seconds(60))
        #expect(wire.host.nextEvent() == .closed(host, .reset))
        #expect(wire.host.nextDeadline == .distantFuture)
    }

    @Test func dataBeyondTheCreditResetTheStream() throws {
        var wire = Wire(guestConfiguration: VsockConfiguration(receiveByteCountMax: 8))
        let (host, guest) = try wire.open()
        var header = VsockHeader(
            source: VsockAddress(context: 2, port: 1_024 + UInt32(host.slot)),
            destination: VsockAddress(context: 3, port: 80), operation: .readWrite)
        header.payloadByteCount = 9
        var packet = [UInt8](repeating: 0, count: 44 + 9)
        var span = packet.mutableSpan
        var bytes = span.mutableBytes
        header.write(to: &bytes)
        wire.guest.receive(packet.span.bytes)
        #expect(wire.guest.nextEvent() == .closed(guest, .reset))
    }

    @Test(arguments: 0..<40) func anyConversationKeepsItsBytesInOrder(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var wire = Wire(
            guestConfiguration: VsockConfiguration(
                receiveByteCountMax: Int.random(in: 1...5_000, using: &random),
                sendByteCountMax: Int.random(in: 1...5_000, using: &random)))
        let (host, guest) = try wire.open()
        let sent = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        var (written, received): (Int, [UInt8]) = (0, [])
        for _ in 0..<200_000 where received.count < sent.count {
            switch UInt8.random(in: 0...3, using: &random) {
            case 0:
                let count = min(sent.count - written, Int.random(in: 0...3_000, using: &random))
                written += wire.guest.write(guest, sent.span.extracting(written..<written + count).bytes)
            case 1: received += wire.host.read(host, maximum: Int.random(in: 0...3_000, using: &random))
            case 2: _ = Wire.carry(&wire.guest, &wire.host, room: Int.random(in: 44...2_000, using: &random))
            default: _ = Wire.carry(&wire.host, &wire.guest)
            }
        }
        #expect(received == sent)
    }

    @Test func bufferWithRoomForAHeaderOnlyTakesNoData() throws {
        var wire = Wire()
        let (host, guest) = try wire.open()
        _ = wire.host.write(host, bytes(1, 2).span.bytes)
        #expect(!Wire.carry(&wire.host, &wire.guest, room: VsockHeader.byteCount))
        wire.settle()
        #expect(wire.guest.read(guest) == [1, 2])
    }

    @Test(arguments: 0..<60) func packetsOfAnyContentNeverTrap(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var stack = VsockStack(
            localContext: 3, peerContext: 2, configuration: VsockConfiguration(streamCountMax: 4))
        stack.listen(port: 80)
        for _ in 0..<2_000 {
            var packet = [UInt8](repeating: 0, count: Int.random(in: 0...120, using: &random))
            if packet.count >= VsockHeader.byteCount {
                var header = VsockHeader(
                    source: VsockAddress(context: 2, port: UInt32.random(in: 0...3, using: &random)),
                    destination: VsockAddress(context: 3, port: Bool.random(using: &random) ? 80 : 81),
                    operation: VsockOperation(rawValue: UInt16.random(in: 0...9, using: &random)))
                header.payloadByteCount = UInt32.random(in: 0...90, using: &random)
                header.flags = UInt32.random(in: 0...5, using: &random)
                header.bufferByteCount = UInt32(truncatingIfNeeded: random.next())
                header.forwardedCount = UInt32(truncatingIfNeeded: random.next())
                var span = packet.mutableSpan
                var bytes = span.mutableBytes
                header.write(to: &bytes)
            }
            stack.receive(packet.span.bytes)
            while let event = stack.nextEvent() {
                if case .readable(let stream) = event { _ = stack.read(stream) }
                if case .opened(let stream, _) = event { _ = stack.write(stream, packet.span.bytes) }
                if case .peerClosed(let stream) = event { stack.close(stream, now: .origin) }
            }
            var reply = [UInt8](repeating: 0, count: 256)
            var span = reply.mutableSpan
            var buffer = span.mutableBytes
            while stack.transmit(into: &buffer) != nil {}
        }
        #expect(stack.streamCount <= 4)
    }
}
