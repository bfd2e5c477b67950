import MonotonicTime
@testable import Net
import Testing

@Suite("TCP close and reset")
struct CloseTests {
    @Test("the user closes first: FIN-WAIT, TIME-WAIT, and after a minute nothing")
    func activeClose() {
        let peer = ScriptedPeer.established()
        let fin = peer.close()
        #expect(fin.map(\.flags) == [[.fin, .ack]] && peer.state == .finWait1)
        peer.send(.ack, sequence: 1, acknowledgment: 2)
        #expect(peer.state == .finWait2)
        #expect(peer.send([.fin, .ack], sequence: 1, acknowledgment: 2).map(\.acknowledgment) == [2])
        #expect(peer.state == .timeWait)
        #expect(peer.events() == peer.socket.map { [.closed($0, .finished)] })
        #expect(
            peer.send([.fin, .ack], sequence: 1, acknowledgment: 2).map(\.acknowledgment) == [2],
            "a repeated FIN is acknowledged again")
        _ = peer.wait(.seconds(61))
        #expect(peer.state == nil)
    }

    @Test("the peer closes first: CLOSE-WAIT still sends, then LAST-ACK")
    func passiveClose() throws {
        let peer = ScriptedPeer.established()
        let socket = try #require(peer.socket)
        #expect(peer.send([.fin, .ack], sequence: 1, acknowledgment: 1).map(\.acknowledgment) == [2])
        #expect(peer.events() == [.peerClosed(socket)] && peer.state == .closeWait)
        #expect(peer.write("still here").map(\.text) == ["still here"])
        #expect(peer.close().map(\.flags) == [[.fin, .ack]] && peer.state == .lastAck)
        peer.send(.ack, sequence: 2, acknowledgment: 12)
        #expect(peer.state == nil && peer.events() == [.closed(socket, .finished)])
    }

    @Test("both close at once: CLOSING, then TIME-WAIT")
    func simultaneousClose() {
        let peer = ScriptedPeer.established()
        _ = peer.close()
        peer.send([.fin, .ack], sequence: 1, acknowledgment: 1)
        #expect(peer.state == .closing)
        peer.send(.ack, sequence: 2, acknowledgment: 2)
        #expect(peer.state == .timeWait)
    }

    @Test("FIN rides on the last data and is repeated with it")
    func finWithData() {
        let peer = ScriptedPeer.established(window: 3)
        _ = peer.write("abcdef")
        #expect(peer.close().isEmpty)
        let rest = peer.send(.ack, sequence: 1, acknowledgment: 4, window: 100)
        #expect(rest.map(\.text) == ["def"] && rest[0].flags.contains(.fin))
        let repeated = peer.wait(.milliseconds(300))
        #expect(repeated.first?.segment.text == "def" && repeated.first?.segment.flags.contains(.fin) == true)
    }

    @Test("an early FIN waits for the gap to close")
    func earlyFin() throws {
        let peer = ScriptedPeer.established()
        let socket = try #require(peer.socket)
        #expect(peer.send([.fin, .ack], sequence: 4, acknowledgment: 1, "d").map(\.acknowledgment) == [1])
        #expect(peer.state == .established)
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1, "abc").map(\.acknowledgment) == [6])
        #expect(peer.state == .closeWait)
        #expect(peer.events() == [.readable(socket), .peerClosed(socket)])
        #expect(peer.read() == Array("abcd".utf8))
    }

    @Test("after an orderly end unread bytes can still be read; `closed` comes last")
    func unreadBytes() throws {
        let peer = ScriptedPeer.established()
        let socket = try #require(peer.socket)
        _ = peer.finishWriting()
        peer.send(.ack, sequence: 1, acknowledgment: 2, "late")
        peer.send([.fin, .ack], sequence: 5, acknowledgment: 2)
        #expect(peer.state == .timeWait)
        #expect(peer.events() == [.readable(socket), .peerClosed(socket)])
        #expect(peer.read() == Array("late".utf8))
        #expect(peer.events() == [.closed(socket, .finished)])
    }

    @Test("after close, what the peer sends is acknowledged and dropped; a stalled peer is given up")
    func discard() throws {
        let peer = ScriptedPeer.established()
        let socket = try #require(peer.socket)
        _ = peer.close()
        peer.send(.ack, sequence: 1, acknowledgment: 2)
        for index in 0..<100 {
            peer.send(.ack, sequence: 1 + index * 1000, acknowledgment: 2, [UInt8](repeating: 1, count: 1000))
        }
        #expect(peer.connection?.receive.next == ScriptedPeer.initialSequence + 100_001)
        _ = peer.wait(.seconds(61))
        #expect(peer.state == nil && peer.events() == [.closed(socket, .timedOut)])
    }

    @Test("abort sends a reset; the id is stale at once and no event follows")
    func abort() throws {
        let peer = ScriptedPeer.established()
        let socket = try #require(peer.socket)
        let reset = peer.transport.abort(socket)
        #expect(reset?.header.flags == [.rst, .ack] && reset?.header.sequence == peer.hostInitial + 1)
        #expect(peer.events().isEmpty && peer.state == nil)
        #expect(peer.transport.abort(socket) == nil && peer.read().isEmpty && peer.write("x").isEmpty)
        let next = ScriptedPeer(port: 9, sharing: peer)
        next.handshake()
        #expect(next.socket?.slot == socket.slot && next.socket != socket, "the slot is reused, the id is not")
        #expect(next.transport.slot(of: socket) == nil)
    }

    @Test("a reset counts only at exactly the next sequence number (RFC 5961)")
    func resetAttack() {
        let peer = ScriptedPeer.established()
        #expect(peer.send(.rst, sequence: 100).map(\.flags) == [.ack], "in the window: challenged")
        #expect(peer.send(.rst, sequence: 100_000).isEmpty, "outside: ignored")
        #expect(peer.state == .established)
        peer.send(.rst, sequence: 1)
        #expect(peer.state == nil)
        #expect(peer.events() == peer.socket.map { [.closed($0, .reset)] })
    }

    @Test("a SYN or an impossible acknowledgment in a connection is challenged, within limits (RFC 5961)")
    func challenges() {
        let peer = ScriptedPeer.established()
        #expect(peer.send(.syn, sequence: 1).map(\.flags) == [.ack])
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 70_000).map(\.acknowledgment) == [1])
        #expect(peer.send(.ack, sequence: 1, acknowledgment: -70_000).map(\.acknowledgment) == [1])
        var count = 0
        for _ in 0..<100 { count += peer.send(.syn, sequence: 1).count }
        #expect(count <= Limits.challengeCountPerSecond)
        #expect(peer.state == .established)
    }

    @Test("TIME-WAIT gives way to a new SYN with a newer sequence number or timestamp, and only then (RFC 6191)")
    func reuse() {
        let peer = ScriptedPeer.established()
        _ = peer.close()
        peer.send([.fin, .ack], sequence: 1, acknowledgment: 2)
        #expect(peer.state == .timeWait)
        #expect(peer.send(.syn, sequence: -5).first?.flags == .ack)
        #expect(peer.send(.syn, sequence: 1000).first?.flags == [.syn, .ack])
        #expect(peer.state == .synReceived)
        #expect(peer.events() == peer.socket.map { [.closed($0, .finished)] })
    }

    @Test("a reset does not cut TIME-WAIT short (RFC 1337)")
    func timeWaitAssassination() {
        let peer = ScriptedPeer.established()
        _ = peer.close()
        peer.send([.fin, .ack], sequence: 1, acknowledgment: 2)
        peer.send(.rst, sequence: 2)
        #expect(peer.state == .timeWait)
    }

    @Test("TIME-WAIT is bounded: the oldest gives way")
    func boundedTimeWait() {
        var configuration = TransportConfiguration()
        configuration.maximumTimeWaitConnections = 3
        let first = ScriptedPeer(configuration: configuration, port: 1)
        for port in 1...10 as ClosedRange<UInt16> {
            let peer = ScriptedPeer(port: port, sharing: first)
            peer.handshake()
            _ = peer.close()
            peer.send([.fin, .ack], sequence: 1, acknowledgment: 2)
            _ = peer.events()
            first.transport = peer.transport
        }
        #expect(first.transport.timeWait.count == 3)
        #expect(first.transport.slots.count <= 4, "slots are reused")
    }
}
