/// The congestion window (RFC 5681) with NewReno (RFC 6582) or SACK-based (RFC 6675) loss recovery.
struct CongestionControl: Sendable {
    enum Phase: Equatable, Sendable {
        /// Slow start or congestion avoidance.
        case open
        /// Between a fast retransmit and the acknowledgment of everything sent before it.
        case fastRecovery
        /// After a retransmission timeout, until everything sent before it is acknowledged.
        case timeoutRecovery
    }

    /// cwnd in bytes.
    private(set) var window: Int
    /// ssthresh in bytes.
    private(set) var slowStartThreshold = Int.max
    private(set) var phase = Phase.open
    /// Recovery ends when this is acknowledged.
    private(set) var recoverPoint: SequenceNumber
    /// Consecutive duplicate acknowledgments.
    private(set) var duplicateCount = 0
    /// Bytes acknowledged toward the next increase in congestion avoidance.
    private var acknowledgedBytes = 0
    private var segmentSize: Int

    /// Three duplicates mean a loss (RFC 5681, section 3.2).
    static var duplicateThreshold: Int { 3 }

    init(segmentSize: Int, initialSequence: SequenceNumber) {
        self.segmentSize = segmentSize
        recoverPoint = initialSequence
        window = Self.initialWindow(segmentSize: segmentSize)
    }

    /// RFC 6928: ten segments, or 14,600 bytes for large ones.
    static func initialWindow(segmentSize: Int) -> Int {
        min(10 * segmentSize, max(2 * segmentSize, 14_600))
    }

    /// Sets the negotiated segment size. With `synWasLost` the initial window is one segment (RFC 5681,
    /// section 3.1).
    mutating func start(segmentSize: Int, synWasLost: Bool) {
        self.segmentSize = segmentSize
        window = synWasLost ? segmentSize : Self.initialWindow(segmentSize: segmentSize)
    }

    /// Extra bytes that may be sent on the first two duplicates (limited transmit, RFC 3042).
    var limitedTransmitAllowance: Int {
        phase == .open ? min(duplicateCount, 2) * segmentSize : 0
    }

    /// New data was acknowledged outside of fast recovery. The window grows only if it was in use.
    mutating func acknowledge(_ byteCount: Int, unacknowledged: SequenceNumber, wasLimiting: Bool) {
        duplicateCount = 0
        if phase == .timeoutRecovery, unacknowledged >= recoverPoint { phase = .open }
        guard wasLimiting || phase == .timeoutRecovery else { return }
        if window < slowStartThreshold {
            window += min(byteCount, segmentSize)
        } else {
            acknowledgedBytes += byteCount
            if acknowledgedBytes >= window {
                acknowledgedBytes -= window
                window += segmentSize
            }
        }
    }

    /// Counts a duplicate acknowledgment; true when it asks for a fast retransmit. `isLossEvident` says that SACK
    /// information shows the loss already. Outside the open phase duplicates may come from our own retransmissions
    /// (RFC 6582, section 3.2, step 1).
    mutating func noteDuplicate(isLossEvident: Bool) -> Bool {
        duplicateCount += 1
        return phase == .open && (duplicateCount >= Self.duplicateThreshold || isLossEvident)
    }

    /// Enters fast recovery.
    mutating func beginFastRecovery(flightSize: Int, highest: SequenceNumber, usesSACK: Bool) {
        phase = .fastRecovery
        recoverPoint = highest
        slowStartThreshold = max(flightSize / 2, 2 * segmentSize)
        window = slowStartThreshold + (usesSACK ? 0 : Self.duplicateThreshold * segmentSize)
        acknowledgedBytes = 0
    }

    /// NewReno: each further duplicate means that a segment has left the network.
    mutating func inflate() { window += segmentSize }

    /// NewReno: a partial acknowledgment takes out what it acknowledged and puts one segment back.
    mutating func deflate(by byteCount: Int) {
        window = max(window - byteCount + (byteCount >= segmentSize ? segmentSize : 0), segmentSize)
    }

    /// The recover point is acknowledged.
    mutating func endFastRecovery(flightSize: Int) {
        phase = .open
        duplicateCount = 0
        window = min(slowStartThreshold, max(flightSize, segmentSize) + segmentSize)
    }

    /// RFC 5681, section 3.1, equation (4); a repeated time-out leaves the threshold as it is.
    mutating func noteTimeout(flightSize: Int, highest: SequenceNumber, isRepeated: Bool) {
        if !isRepeated { slowStartThreshold = max(flightSize / 2, 2 * segmentSize) }
        window = segmentSize
        phase = .timeoutRecovery
        recoverPoint = highest
        duplicateCount = 0
        acknowledgedBytes = 0
    }

    /// RFC 5681, section 4.1: after a pause the old window says little about the path.
    mutating func restartAfterIdle() {
        window = min(window, Self.initialWindow(segmentSize: segmentSize))
    }
}
