import MonotonicTime

/// One TCP connection as a state machine without I/O: segments, user calls and time in; segments and events out.
///
/// `receive` takes a segment, `nextSegment` gives the next one to send, `advance` lets time pass until `nextDeadline`.
/// The extensions hold one concern each: handshake, arrival, acknowledgment, reception, transmission, recovery, timers
/// and the user's calls.
struct TCPConnection: Sendable {
    let settings: TCPSettings
    let endpoints: TCPEndpoints
    var state: TCPState
    var send: SendSequence
    var receive: ReceiveSequence
    var congestion: CongestionControl
    var scoreboard = SACKScoreboard()
    var roundTrip = RoundTripEstimator()
    var acknowledgment = DelayedAcknowledgment()
    var timers: ConnectionTimers
    /// Nil when the peer does not use timestamps.
    var timestamps: TimestampClock?
    let timestampOffset: UInt32
    var usesSACK = false

    /// The SYN or SYN,ACK must be sent (again).
    var isHandshakeSegmentDue = true
    var handshakeRetransmissionCount = 0
    /// The segment at SND.UNA must be sent again at once.
    var isRetransmissionDue = false
    /// RFC 6675 HighRxt: in fast recovery, everything below was sent again or was not lost.
    var retransmittedUpTo: SequenceNumber
    var isProbeDue = false
    var isKeepAliveDue = false
    /// The segment that is being timed ends here, and when it was sent.
    var timedSegment: (end: SequenceNumber, sentAt: Instant)?
    var challengeLimiter: RateLimiter

    var events: PendingEvents = []
    /// Set when the connection is over.
    var closeReason: CloseReason?
    var statistics = TCPStatistics()

    init(
        settings: TCPSettings, endpoints: TCPEndpoints, state: TCPState, initialSequence: SequenceNumber,
        timestampOffset: UInt32, receiveNext: SequenceNumber, now: Instant
    ) {
        self.settings = settings
        self.endpoints = endpoints
        self.state = state
        self.timestampOffset = timestampOffset
        send = SendSequence(initial: initialSequence, capacity: settings.sendBufferByteCount)
        receive = ReceiveSequence(next: receiveNext, capacity: settings.receiveBufferByteCount)
        congestion = CongestionControl(segmentSize: Limits.segmentSizeDefault, initialSequence: initialSequence)
        retransmittedUpTo = initialSequence
        timers = ConnectionTimers(now: now)
        challengeLimiter = RateLimiter(countPerSecond: Limits.challengeCountPerSecond, now: now)
    }

    /// What is left of a connection that is over, and the content of a free slot.
    static func closed(settings: TCPSettings) -> TCPConnection {
        let nowhere = TCPEndpoints(localAddress: .unspecified, localPort: 0, remoteAddress: .unspecified, remotePort: 0)
        return TCPConnection(
            settings: settings, endpoints: nowhere, state: .closed, initialSequence: SequenceNumber(0),
            timestampOffset: 0, receiveNext: SequenceNumber(0), now: .origin)
    }

    /// Ends the connection without another segment.
    mutating func finish(_ reason: CloseReason) {
        state = .closed
        if closeReason == nil {
            closeReason = reason
            events.insert(.closed)
        }
        timers.stopAll()
        if reason != .finished { receive.discard() }
        send.buffer.release()
        scoreboard.removeAll()
    }

    /// Everything has been said; old segments may still be on their way (RFC 9293, section 3.6.1).
    mutating func enterTimeWait(now: Instant) {
        state = .timeWait
        if closeReason == nil {
            closeReason = .finished
            events.insert(.closed)
        }
        timers.stopAll()
        timers.closing = now + settings.timeWait
        send.buffer.release()
        scoreboard.removeAll()
    }
}
