import MonotonicTime
@testable import Net
import TestSupport
import Testing

@Suite("Hostile input never traps")
struct HostileInputTests {
    @Test("random bytes as frames", arguments: 1...4 as ClosedRange<UInt64>)
    func randomSequences(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for _ in 0..<40 {
            let bytes = generator.bytes(Int(generator.next() % 4000))
            FrameSequence.run(bytes.span.bytes)
        }
    }

    /// All frames of a conversation with every kind of segment.
    private func recording() -> [[UInt8]] {
        let server = Host(number: 1), client = Host(number: 2)
        var frames: [[UInt8]] = []
        server.listen(80)
        let socket = client.connect(to: server, port: 80, from: 40_000, now: .origin)
        var now = Instant.origin
        for round in 0..<12 {
            if round == 4 { _ = client.write(socket, [UInt8](repeating: 1, count: 5000)) }
            if round == 8 { client.stack.finishWriting(socket) }
            for frame in client.allFrames(now: now) {
                frames.append(frame)
                server.receive(frame, now: now)
            }
            for event in server.allEvents() {
                if case .peerClosed(let accepted) = event { server.stack.close(accepted, now: now) }
            }
            for frame in server.allFrames(now: now) { client.receive(frame, now: now) }
            now = now + .milliseconds(50)
        }
        return frames
    }

    @Test("a real conversation with flipped bits, cuts and repetitions", arguments: 1...6 as ClosedRange<UInt64>)
    func mutatedConversations(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let original = recording()
        for _ in 0..<60 {
            var sequence = FrameSequence()
            for frame in original {
                var frame = frame
                for _ in 0..<generator.next() % 4 where !frame.isEmpty {
                    // In the IPv4 and TCP headers.
                    let offset = 14 + Int(generator.next() % UInt64(max(1, min(frame.count - 14, 60))))
                    frame[offset] ^= 1 << UInt8(generator.next() % 8)
                }
                if generator.chance(0.05) { frame.removeLast(Int(generator.next() % UInt64(frame.count))) }
                // Mostly vouched for and mended, so that mutations reach TCP.
                let control = UInt8(truncatingIfNeeded: generator.next()) & 0x38 | (generator.chance(0.9) ? 7 : 0)
                for _ in 0..<(generator.chance(0.1) ? 2 : 1) { sequence.feed(frame.span.bytes, control: control) }
            }
            sequence.settle()
        }
    }

    @Test("random segments against one connection in every state", arguments: 1...6 as ClosedRange<UInt64>)
    func randomSegments(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for _ in 0..<60 {
            let options = TCPOptions(
                maximumSegmentSize: UInt16(truncatingIfNeeded: generator.next()),
                windowShift: UInt8(truncatingIfNeeded: generator.next() % 20),
                isSACKPermitted: generator.chance(0.7))
            let peer = ScriptedPeer.established(options: options)
            for _ in 0..<60 {
                act(&generator, peer)
                if let connection = peer.connection { checkInvariants(connection) }
            }
        }
    }

    private func act(_ generator: inout SplitMix64, _ peer: ScriptedPeer) {
        func near(_ range: UInt64) -> Int { Int(generator.next() % range) - Int(range / 2) }
        switch generator.next() % 8 {
        case 0: _ = peer.write(generator.bytes(Int(generator.next() % 9000)))
        case 1: _ = peer.read(Int(generator.next() % 5000))
        case 2 where generator.chance(0.1): _ = peer.finishWriting()
        case 3: _ = peer.wait(.milliseconds(generator.next() % 3000))
        default:
            guard let connection = peer.connection else { return }
            var flags: TCPFlags = .ack
            if generator.chance(0.05) { flags.insert(.fin) }
            if generator.chance(0.02) { flags.insert(.syn) }
            if generator.chance(0.01) { flags.insert(.rst) }
            let next = connection.receive.next - ScriptedPeer.initialSequence
            let sent = connection.send.highest - peer.hostInitial
            let acknowledged = connection.send.unacknowledged - peer.hostInitial
            let length = Int(generator.next() % 1500)
            let acknowledgment = acknowledged + Int(generator.next() % UInt64(sent - acknowledged + 2))
            let block = acknowledged + near(20_000)
            peer.send(
                flags, sequence: next + (generator.chance(0.5) ? 0 : near(8000)), acknowledgment: acknowledgment,
                window: Int(generator.next() % 65_536), generator.bytes(length),
                options: peer.sack((block, block + near(4000))))
        }
        _ = peer.events()
    }

    private func checkInvariants(_ connection: TCPConnection) {
        let send = connection.send
        #expect(send.unacknowledged <= send.next && send.next <= send.highest && send.highest <= send.end)
        #expect(connection.congestion.window >= 1)
        let receive = connection.receive
        #expect(receive.window <= receive.buffer.room || receive.isFinished)
        #expect(receive.early.ranges.count <= Limits.reassemblyRangeCount)
        #expect(connection.scoreboard.ranges.allSatisfy { $0.start > send.unacknowledged && $0.end <= send.highest })
    }
}
