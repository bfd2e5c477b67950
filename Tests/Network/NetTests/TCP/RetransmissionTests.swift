import MonotonicTime
@testable import Net
import Testing

@Suite("TCP retransmission and congestion")
struct RetransmissionTests {
    private let kilobyte = [UInt8](repeating: 9, count: 1000)

    @Test("without an answer a segment is repeated with doubling pauses until the connection is given up")
    func timeouts() {
        let peer = ScriptedPeer.established()
        _ = peer.write("lost")
        let seen = peer.wait(.seconds(500))
        #expect(seen.prefix(5).map(\.milliseconds) == [200, 600, 1400, 3000, 6200])
        #expect(seen.allSatisfy { $0.segment.text == "lost" && $0.segment.sequence == 1 })
        let pauses = zip(seen.dropFirst(), seen).map { $0.milliseconds - $1.milliseconds }
        #expect(pauses.max().map { $0 <= 60_000 } == true)
        #expect(peer.events() == peer.socket.map { [.closed($0, .timedOut)] })
        #expect(peer.state == nil && peer.transport.statistics.timedOutConnections == 1)
    }

    @Test("RTO follows the measured round trip: SRTT + 4 RTTVAR (RFC 6298)")
    func estimator() {
        var estimator = RoundTripEstimator()
        #expect(estimator.timeout == .seconds(1))
        estimator.addSample(.milliseconds(400))
        #expect(estimator.timeout == .milliseconds(1200))
        estimator.backOff()
        #expect(estimator.timeout == .milliseconds(2400))
        for _ in 0..<100 { estimator.addSample(.milliseconds(400)) }
        #expect(estimator.timeout < .milliseconds(420) && estimator.timeout >= .milliseconds(400))
        for _ in 0..<100 { estimator.addSample(.microseconds(50)) }
        #expect(estimator.timeout == Limits.minimumRetransmissionTimeout)
        for _ in 0..<40 { estimator.backOff() }
        #expect(estimator.timeout == Limits.maximumRetransmissionTimeout)
    }

    @Test("Karn's rule: the acknowledgment of a repeated segment is no measurement")
    func karn() {
        let peer = ScriptedPeer.established()
        let before = peer.connection?.roundTrip.smoothedRoundTrip
        _ = peer.write("x")
        _ = peer.wait(.milliseconds(250))
        peer.send(.ack, sequence: 1, acknowledgment: 2)
        #expect(peer.connection?.roundTrip.smoothedRoundTrip == before)
    }

    @Test("with timestamps even a repeated segment is a measurement")
    func timestampMeasurement() {
        let stamp = TCPTimestamps(value: 1, echo: 0)
        let peer = ScriptedPeer.established(options: TCPOptions(maximumSegmentSize: 1000, timestamps: stamp))
        _ = peer.write("x")
        let repeated = peer.wait(.milliseconds(250))
        peer.timestamp = TCPTimestamps(value: 2, echo: repeated.last?.segment.options.timestamps?.value ?? 0)
        peer.send(.ack, sequence: 1, acknowledgment: 2)
        let measured = peer.connection?.roundTrip.smoothedRoundTrip
        #expect(measured.map { $0 > .zero && $0 < .milliseconds(50) } == true)
    }

    @Test("the third duplicate acknowledgment repeats the missing segment at once and halves the window")
    func fastRetransmit() {
        let peer = ScriptedPeer.established()
        for _ in 0..<10 { _ = peer.write(kilobyte) }
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1).isEmpty)
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1).isEmpty)
        let repeated = peer.send(.ack, sequence: 1, acknowledgment: 1)
        #expect(repeated.map(\.sequence) == [1] && repeated.map(\.count) == [1000])
        #expect(peer.connection?.congestion.slowStartThreshold == 5000)
        #expect(peer.transport.statistics.fastRetransmits == 1)
        peer.send(.ack, sequence: 1, acknowledgment: 10_001)
        #expect(peer.connection?.congestion.phase == .open)
        #expect((peer.connection?.congestion.window ?? 0) <= 5000)
    }

    @Test("limited transmit: the first two duplicates let new data go (RFC 3042)")
    func limitedTransmit() {
        let peer = ScriptedPeer.established()
        _ = peer.write([UInt8](repeating: 9, count: 20_000))
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1).map(\.sequence) == [10_001])
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 1).map(\.sequence) == [11_001])
    }

    @Test("NewReno: a partial acknowledgment repeats the next missing segment (RFC 6582)")
    func partialAcknowledgment() {
        let peer = ScriptedPeer.established()
        for _ in 0..<10 { _ = peer.write(kilobyte) }
        for _ in 0..<3 { peer.send(.ack, sequence: 1, acknowledgment: 1) }
        let next = peer.send(.ack, sequence: 1, acknowledgment: 3001)
        #expect(next.map(\.sequence) == [3001])
        #expect(peer.connection?.congestion.phase == .fastRecovery)
    }

    @Test("SACK: only what is missing is repeated, all of it within one round trip (RFC 6675)")
    func selectiveRepeat() {
        let peer = ScriptedPeer.established(options: TCPOptions(maximumSegmentSize: 1000, isSACKPermitted: true))
        for _ in 0..<10 { _ = peer.write(kilobyte) }
        // Segments 1 and 3 are lost.
        var repeated: [Int] = []
        for arrived in [1, 3, 4, 5, 6, 7, 8, 9] {
            let blocks =
                arrived == 1
                ? peer.sack((1001, 2001))
                : peer.sack((3001, (arrived + 1) * 1000 + 1), (1001, 2001))
            repeated += peer.send(.ack, sequence: 1, acknowledgment: 1, options: blocks).map(\.sequence)
        }
        #expect(repeated == [1, 2001])
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 10_001).isEmpty)
        #expect(peer.connection?.scoreboard.isEmpty == true)
    }

    @Test("after a time-out the window is one segment, and reported segments are not repeated")
    func timeoutRecovery() {
        let peer = ScriptedPeer.established(options: TCPOptions(maximumSegmentSize: 1000, isSACKPermitted: true))
        for _ in 0..<4 { _ = peer.write(kilobyte) }
        peer.send(.ack, sequence: 1, acknowledgment: 1, options: peer.sack((1001, 2001)))
        #expect(peer.wait(.milliseconds(210)).map(\.segment.sequence) == [1])
        #expect(peer.connection?.congestion.window == 1000)
        #expect(peer.send(.ack, sequence: 1, acknowledgment: 2001).map(\.sequence) == [2001, 3001])
    }

    @Test("SACK blocks outside of what was sent are ignored")
    func absurdBlocks() {
        let peer = ScriptedPeer.established(options: TCPOptions(maximumSegmentSize: 1000, isSACKPermitted: true))
        _ = peer.write(kilobyte)
        for block in [(5000, 6000), (1, 1), (900, 100), (-100, 50), (500, 2000)] {
            peer.send(.ack, sequence: 1, acknowledgment: 1, options: peer.sack(block))
            #expect(peer.connection?.scoreboard.isEmpty == true, "\(block)")
        }
    }

    @Test("congestion avoidance grows by one segment per round trip")
    func congestionAvoidance() {
        var congestion = CongestionControl(segmentSize: 1000, initialSequence: SequenceNumber(0))
        congestion.noteTimeout(flightSize: 20_000, highest: SequenceNumber(20_000), isRepeated: false)
        var unacknowledged = 0
        while congestion.window < congestion.slowStartThreshold {
            unacknowledged += 1000
            congestion.acknowledge(1000, unacknowledged: SequenceNumber(UInt32(unacknowledged)), wasLimiting: true)
        }
        #expect(congestion.window == 10_000)
        for _ in 0..<10 {
            unacknowledged += 1000
            congestion.acknowledge(1000, unacknowledged: SequenceNumber(UInt32(unacknowledged)), wasLimiting: true)
        }
        #expect(congestion.window == 11_000)
        congestion.acknowledge(1000, unacknowledged: SequenceNumber(60_000), wasLimiting: false)
        #expect(congestion.window == 11_000, "a window that is not used does not grow")
    }
}
