import MonotonicTime
@testable import Net
import Testing

@Suite("TCP handshake")
struct HandshakeTests {
    @Test("SYN is answered by SYN,ACK with what the peer offered and nothing more")
    func options() {
        let plain = ScriptedPeer().send(.syn, sequence: 0)
        #expect(plain.count == 1)
        #expect(plain[0].flags == [.syn, .ack] && plain[0].acknowledgment == 1 && plain[0].sequence == 0)
        #expect(plain[0].options == TCPOptions(maximumSegmentSize: 1460))

        let offered = TCPOptions(
            maximumSegmentSize: 1200, windowShift: 7, isSACKPermitted: true,
            timestamps: TCPTimestamps(value: 77, echo: 0))
        let full = ScriptedPeer().send(.syn, sequence: 0, options: offered)
        #expect(full[0].options.isSACKPermitted && full[0].options.windowShift == 1)
        #expect(full[0].options.timestamps?.echo == 77)
        #expect(full[0].window == 65_535, "a SYN's window is never scaled")
    }

    @Test("the last ACK makes the connection the user's")
    func accepted() throws {
        let peer = ScriptedPeer.established()
        _ = try #require(peer.socket)
        #expect(peer.state == .established && peer.transport.establishedCount == 1)
        #expect(peer.transport.statistics.acceptedConnections == 1)
    }

    @Test("data may come with the last ACK")
    func dataWithAcknowledgment() {
        let peer = ScriptedPeer()
        peer.send(.syn, sequence: 0)
        peer.send([.ack, .psh], sequence: 1, acknowledgment: 1, "hello")
        let events = peer.events()
        peer.socket = Host.accepted(in: events)
        #expect(events.count == 2 && events.last == peer.socket.map { .readable($0) })
        #expect(peer.read() == Array("hello".utf8))
    }

    @Test("an unanswered SYN,ACK is repeated after 1, 3 and 7 s and then forgotten, without troubling the user")
    func repetition() {
        let peer = ScriptedPeer()
        peer.send(.syn, sequence: 0)
        let seen = peer.wait(.seconds(60))
        #expect(seen.map(\.milliseconds) == [1000, 3000, 7000])
        #expect(seen.allSatisfy { $0.segment.flags == [.syn, .ack] && $0.segment.sequence == 0 })
        #expect(peer.state == nil && peer.events().isEmpty)
        #expect(peer.transport.statistics.failedHandshakes == 1)
    }

    @Test("a repeated SYN gets the same SYN,ACK again")
    func repeatedSYN() {
        let peer = ScriptedPeer()
        let first = peer.send(.syn, sequence: 0)
        #expect(peer.send(.syn, sequence: 0) == first)
    }

    @Test("an ACK of something else is answered by a reset with its number")
    func wrongAcknowledgment() {
        let peer = ScriptedPeer()
        peer.send(.syn, sequence: 0)
        peer.send(.ack, sequence: 1, acknowledgment: 500)
        #expect(peer.reset?.header.flags == .rst)
        #expect(peer.reset?.header.sequence == peer.hostInitial + 500)
        #expect(peer.state == .synReceived)
    }

    @Test("a reset ends a half-open connection silently")
    func resetHalfOpen() {
        let peer = ScriptedPeer()
        peer.send(.syn, sequence: 0)
        peer.send(.rst, sequence: 1)
        #expect(peer.state == nil && peer.events().isEmpty)
    }

    @Test("no listener: a SYN is reset, a stray ACK is reset with its number, a reset gets nothing")
    func noListener() {
        let peer = ScriptedPeer()
        peer.transport.stopListening(port: 80)
        peer.send(.syn, sequence: 0)
        #expect(peer.reset?.header.flags == [.rst, .ack])
        #expect(peer.reset?.header.acknowledgment == ScriptedPeer.initialSequence + 1)
        peer.send(.ack, sequence: 7, acknowledgment: 9)
        #expect(peer.reset?.header.flags == .rst)
        peer.send(.rst, sequence: 7)
        #expect(peer.reset == nil)
    }

    @Test("handshakes beyond the backlog are ignored, and an old half-open one gives way after a second")
    func backlog() {
        var peers = [ScriptedPeer(port: 1)]
        peers[0].transport.stopListening(port: 80)
        peers[0].listen(backlog: 2)
        func sendSYN(_ port: UInt16) -> Int {
            let peer = ScriptedPeer(port: port, sharing: peers[0])
            peer.now = peers[0].now
            let answers = peer.send(.syn, sequence: 0).count
            peers[0].transport = peer.transport
            return answers
        }
        #expect(sendSYN(1) == 1)
        #expect(sendSYN(2) == 1)
        #expect(sendSYN(3) == 0)
        #expect(peers[0].transport.statistics.ignoredHandshakes == 1)
        _ = peers[0].wait(.milliseconds(1100))
        #expect(sendSYN(3) == 1, "the oldest gave way")
        #expect(peers[0].transport.halfOpen.count == 2)
        #expect(peers[0].transport.statistics.failedHandshakes == 1)
        peers.removeAll()
    }

    @Test("no more connections than configured")
    func connectionLimit() {
        var configuration = TransportConfiguration()
        configuration.maximumConnections = 1
        let first = ScriptedPeer.established(configuration: configuration)
        let second = ScriptedPeer(port: 2, sharing: first)
        #expect(second.send(.syn, sequence: 0).isEmpty)
        #expect(second.transport.statistics.ignoredHandshakes == 1)
    }

    @Test("initial sequence numbers differ by flow and grow with time (RFC 6528)")
    func initialSequence() {
        let generator = InitialSequence(secret: NetworkSecret(3, 4))
        let address = IPv4Address(10, 0, 0, 1)
        let one = FlowKey(remoteAddress: IPv4Address(10, 0, 0, 2), remotePort: 1, localPort: 80)
        let two = FlowKey(remoteAddress: IPv4Address(10, 0, 0, 2), remotePort: 2, localPort: 80)
        let early = generator.sequenceNumber(localAddress: address, key: one, now: .origin)
        let late = generator.sequenceNumber(localAddress: address, key: one, now: Instant(nanoseconds: 4_000_000))
        #expect(late - early == 1000, "one step every 4 microseconds")
        #expect(abs(generator.sequenceNumber(localAddress: address, key: two, now: .origin) - early) > 1000)
        let other = InitialSequence(secret: NetworkSecret(3, 5))
        #expect(other.sequenceNumber(localAddress: address, key: one, now: .origin) != early)
    }

    @Test("listening twice, on port 0, or without backlog is refused")
    func listenErrors() {
        let peer = ScriptedPeer()
        #expect(throws: ListenError.portInUse) { try peer.transport.listen(port: 80, backlog: 1) }
        #expect(throws: ListenError.invalidPort) { try peer.transport.listen(port: 0, backlog: 1) }
        #expect(throws: ListenError.invalidBacklog) { try peer.transport.listen(port: 81, backlog: 0) }
    }
}
