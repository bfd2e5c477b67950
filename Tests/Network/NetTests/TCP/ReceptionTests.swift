import MonotonicTime
@testable import Net
import Testing

@Suite("TCP reception")
struct ReceptionTests {
    @Test("one segment is acknowledged after 40 ms, the second full one at once")
    func delayedAcknowledgment() {
        let peer = ScriptedPeer.established()
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1, "x").isEmpty)
        let late = peer.wait(.milliseconds(100))
        #expect(late.map(\.milliseconds) == [40] && late[0].segment.acknowledgment == 2)

        let full = [UInt8](repeating: 7, count: 1000)
        #expect(peer.send(.ack, sequence: 2, acknowledgment: 1, full).isEmpty)
        #expect(peer.send(.ack, sequence: 1002, acknowledgment: 1, full).map(\.acknowledgment) == [2002])
    }

    @Test("an answer carries the acknowledgment")
    func piggyback() {
        let peer = ScriptedPeer.established()
        peer.send(.ack, sequence: 1, acknowledgment: 1, "ping")
        let answer = peer.write("pong")
        #expect(answer.map(\.text) == ["pong"] && answer[0].acknowledgment == 5)
        #expect(answer[0].flags == [.ack, .psh])
    }

    @Test("early segments are acknowledged at once, kept, and delivered when the gap closes")
    func reassembly() {
        let peer = ScriptedPeer.established(options: TCPOptions(maximumSegmentSize: 1000, isSACKPermitted: true))
        let early = peer.send(.ack, sequence: 5, acknowledgment: 1, "efgh")
        #expect(early.map(\.acknowledgment) == [1])
        #expect(early[0].options.sackBlocks.count == 1)
        #expect(early[0].options.sackBlocks[0].start - ScriptedPeer.initialSequence == 5)
        peer.send(.ack, sequence: 13, acknowledgment: 1, "mn")
        #expect(peer.read().isEmpty)
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1, "abcd").map(\.acknowledgment) == [9])
        #expect(peer.read() == Array("abcdefgh".utf8))
        #expect(peer.send(.ack, sequence: 9, acknowledgment: 1, "ijkl").map(\.acknowledgment) == [15])
        #expect(peer.read() == Array("ijklmn".utf8))
    }

    @Test("the latest arrival is the first SACK block (RFC 2018)")
    func sackOrder() {
        let peer = ScriptedPeer.established(options: TCPOptions(maximumSegmentSize: 1000, isSACKPermitted: true))
        peer.send(.ack, sequence: 10, acknowledgment: 1, "a")
        peer.send(.ack, sequence: 30, acknowledgment: 1, "b")
        let blocks = peer.send(.ack, sequence: 20, acknowledgment: 1, "c")[0].options.sackBlocks
        #expect((0..<blocks.count).map { blocks[$0].start - ScriptedPeer.initialSequence } == [20, 30, 10])
    }

    @Test("overlapping segments deliver each byte once")
    func overlap() {
        let peer = ScriptedPeer.established()
        peer.send(.ack, sequence: 1, acknowledgment: 1, "abcd")
        peer.send(.ack, sequence: 3, acknowledgment: 1, "cdef")
        #expect(peer.read() == Array("abcdef".utf8))
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1, "abcd").map(\.acknowledgment) == [7])
        #expect(peer.read().isEmpty)
    }

    @Test("more gaps than the bound: further early segments are dropped, and nothing breaks")
    func boundedRanges() {
        let peer = ScriptedPeer.established()
        for index in 0..<100 { peer.send(.ack, sequence: 3 + index * 2, acknowledgment: 1, "x") }
        #expect(peer.connection?.receive.early.ranges.count == Limits.reassemblyRangeCount)
        peer.send(.ack, sequence: 1, acknowledgment: 1, [UInt8](repeating: 120, count: 210))
        #expect(peer.read().count == 210)
    }

    @Test("the window closes as the buffer fills; reading reopens it in one large step")
    func window() {
        var configuration = TransportConfiguration()
        configuration.receiveBufferByteCount = 4096
        let peer = ScriptedPeer.established(configuration: configuration)
        var sequence = 1
        for _ in 0..<4 {
            peer.send(.ack, sequence: sequence, acknowledgment: 1, [UInt8](repeating: 1, count: 1000))
            sequence += 1000
        }
        let last = peer.send(.ack, sequence: sequence, acknowledgment: 1, [UInt8](repeating: 1, count: 200))
        #expect(last.last?.window == 0 && last.last?.acknowledgment == 4097, "the part beyond the window is cut off")
        let probed = peer.send(.ack, sequence: 4097, acknowledgment: 1, "p")
        #expect(probed.map(\.acknowledgment) == [4097], "a probe is answered and refused")
        #expect(peer.read(100).count == 100)
        #expect(peer.output().isEmpty, "no silly window")
        #expect(peer.read(2000).count == 2000)
        let update = peer.output()
        #expect(update.count == 1 && update[0].window == 2100)
    }

    @Test("what lies outside the window is acknowledged and dropped")
    func outsideWindow() {
        let peer = ScriptedPeer.established()
        #expect(peer.send(.ack, sequence: 100_000, acknowledgment: 1, "x").map(\.acknowledgment) == [1])
        #expect(peer.send(.ack, sequence: 0, acknowledgment: 1).map(\.acknowledgment) == [1], "a keep-alive")
        #expect(peer.read().isEmpty)
    }

    @Test("old timestamps are refused (PAWS), and so are segments without them")
    func paws() {
        let stamp = TCPTimestamps(value: 1000, echo: 0)
        let peer = ScriptedPeer.established(options: TCPOptions(maximumSegmentSize: 1000, timestamps: stamp))
        let echo = peer.timestamp?.echo ?? 0
        peer.timestamp = TCPTimestamps(value: 999, echo: echo)
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1, "old").map(\.acknowledgment) == [1])
        peer.timestamp = nil
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1, "bare").isEmpty)
        peer.timestamp = TCPTimestamps(value: 1001, echo: echo)
        peer.send(.ack, sequence: 1, acknowledgment: 1, "new")
        #expect(peer.read() == Array("new".utf8))
        #expect(peer.write("!").first?.options.timestamps?.echo == 1001)
        #expect(peer.transport.statistics.staleTimestamps == 2)
    }
}
