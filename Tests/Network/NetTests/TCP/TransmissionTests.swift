import MonotonicTime
@testable import Net
import Testing

@Suite("TCP transmission")
struct TransmissionTests {
    @Test("each small write goes out at once: no Nagle delay")
    func noNagle() {
        let peer = ScriptedPeer.established()
        #expect(peer.write("a").map(\.text) == ["a"])
        #expect(peer.write("b").map(\.text) == ["b"])
    }

    @Test("long writes are cut at the peer's MSS; the initial window is ten segments (RFC 6928)")
    func initialWindow() {
        let peer = ScriptedPeer.established()
        let seen = peer.write([UInt8](repeating: 5, count: 20_000))
        #expect(seen.map(\.count) == [Int](repeating: 1000, count: 10))
        #expect(seen.map(\.sequence) == stride(from: 1, to: 10_001, by: 1000).map { $0 })
    }

    @Test("slow start: each acknowledged segment lets two more go")
    func slowStart() {
        let peer = ScriptedPeer.established()
        _ = peer.write([UInt8](repeating: 5, count: 60_000))
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1001).count == 2)
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 2001).count == 2)
    }

    @Test("never more than the peer's window")
    func peerWindow() {
        let peer = ScriptedPeer.established(window: 2500)
        #expect(peer.write([UInt8](repeating: 5, count: 9000)).map(\.count) == [1000, 1000])
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 2001, window: 2500).map(\.count) == [1000, 1000])
    }

    @Test("window scaling multiplies the peer's window")
    func windowScaling() {
        let peer = ScriptedPeer.established(
            window: 1000,
            options: TCPOptions(maximumSegmentSize: 1000, windowShift: 3))
        #expect(peer.write([UInt8](repeating: 5, count: 20_000)).count == 8, "8000 bytes after the handshake's ACK")
    }

    @Test("a closed window is probed with one byte, ever more rarely, and for ever while the peer answers")
    func zeroWindow() {
        let peer = ScriptedPeer.established(window: 0)
        #expect(peer.write("abcdef").isEmpty)
        var seen: [Int] = []
        for _ in 0..<12 {
            let probe = peer.wait(peer.transport.nextDeadline - peer.now)
            #expect(probe.count == 1 && probe[0].segment.text == "a" && probe[0].segment.sequence == 1)
            seen.append(probe[0].milliseconds)
            #expect(peer.send(.ack, sequence: 1, acknowledgment: 1, window: 0).isEmpty)
        }
        #expect(seen.prefix(3) == [200, 400, 800])
        #expect(seen.last == 60_000)
        #expect(peer.state == .established)
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1, window: 5000).map(\.text) == ["abcdef"])
    }

    @Test("a probe that nobody answers ends in a time-out")
    func unansweredProbes() {
        let peer = ScriptedPeer.established(window: 0)
        _ = peer.write("abc")
        _ = peer.wait(.seconds(400))
        #expect(peer.events() == peer.socket.map { [.closed($0, .timedOut)] })
    }

    @Test("a slightly open window does not cause tiny segments")
    func sillyWindow() {
        let peer = ScriptedPeer.established(window: 3000)
        #expect(peer.write([UInt8](repeating: 5, count: 9000)).count == 3)
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 3001, window: 100).isEmpty)
        let forced = peer.wait(.milliseconds(500))
        #expect(forced.first?.segment.count == 100, "the override time-out sends what fits")
    }

    @Test("a writer that was cut short hears when there is room again")
    func writable() throws {
        var configuration = TransportConfiguration()
        configuration.sendBufferByteCount = 4096
        let peer = ScriptedPeer.established(configuration: configuration)
        let socket = try #require(peer.socket)
        let bytes = [UInt8](repeating: 1, count: 5000)
        #expect(peer.transport.write(socket, bytes.span.bytes) == 4096)
        #expect(peer.transport.write(socket, bytes.span.bytes) == 0)
        _ = peer.output()
        peer.send(.ack, sequence: 1, acknowledgment: 1001)
        #expect(peer.events().isEmpty, "less than a quarter is free")
        peer.send(.ack, sequence: 1, acknowledgment: 2001)
        #expect(peer.events() == [.writable(socket)])
    }

    @Test("after a pause the congestion window starts again (RFC 5681, section 4.1)")
    func idleRestart() {
        let peer = ScriptedPeer.established()
        var sent = 0
        for _ in 0..<5 {
            sent += peer.write([UInt8](repeating: 5, count: 10_000)).map(\.count).reduce(0, +)
            for _ in 0..<20 where sent > 0 {
                sent += peer.send(.ack, sequence: 1, acknowledgment: 1 + sent).map(\.count).reduce(0, +)
            }
        }
        #expect((peer.connection?.congestion.window ?? 0) > 10_000)
        _ = peer.wait(.seconds(10))
        #expect(peer.write([UInt8](repeating: 5, count: 40_000)).count == 10)
    }

    @Test("keep-alive probes a silent peer and gives up without an answer")
    func keepAlive() {
        var configuration = TransportConfiguration()
        configuration.keepAlive = KeepAlive(idle: .seconds(60), interval: .seconds(10), probeCount: 3)
        let peer = ScriptedPeer.established(configuration: configuration)
        #expect(peer.wait(.seconds(65)).map(\.milliseconds) == [60_000])
        peer.send(.ack, sequence: 1, acknowledgment: 1)
        let probes = peer.wait(.seconds(200))
        #expect(probes.map(\.milliseconds) == [60_000, 70_000, 80_000])
        #expect(probes.allSatisfy { $0.segment.sequence == 0 && $0.segment.count == 0 })
        #expect(peer.events() == peer.socket.map { [.closed($0, .timedOut)] })
    }
}
