import MonotonicTime

/// The timers of a connection, as instants; `distantFuture` means stopped.
struct ConnectionTimers: Sendable {
    /// What is waited for on the send side: an acknowledgment or an open window, never both.
    enum Transmission: Equatable, Sendable {
        case stopped
        /// Retransmit at this time (RFC 6298).
        case retransmit(Instant)
        /// Probe the peer's closed window at this time (RFC 9293, section 3.8.6.1).
        case persist(Instant)
    }

    var transmission = Transmission.stopped
    /// End of TIME-WAIT, or of the patience with a peer after the user has closed.
    var closing = Instant.distantFuture
    /// The last time the peer was heard.
    var lastArrival: Instant
    /// The last time data was sent.
    var lastTransmission: Instant
    /// Since when time-outs have been going without an answer.
    var unansweredSince: Instant?
    /// Keep-alive probes sent since the peer was last heard.
    var keepAliveProbeCount = 0

    init(now: Instant) {
        lastArrival = now
        lastTransmission = now
    }

    var transmissionDeadline: Instant {
        switch transmission {
        case .stopped: .distantFuture
        case .retransmit(let deadline), .persist(let deadline): deadline
        }
    }

    mutating func stopAll() {
        transmission = .stopped
        closing = .distantFuture
    }
}

extension TCPConnection {
    /// When `advance` must be called next.
    var nextDeadline: Instant {
        min(min(timers.transmissionDeadline, timers.closing), min(acknowledgment.deadline, keepAliveDeadline))
    }

    private var keepAliveDeadline: Instant {
        guard let keepAlive = settings.keepAlive, state == .established || state == .closeWait,
            timers.transmission == .stopped
        else { return .distantFuture }
        return timers.lastArrival + keepAlive.idle + keepAlive.interval * UInt64(timers.keepAliveProbeCount)
    }

    /// Acts on every timer that has expired at `now`.
    mutating func advance(to now: Instant) {
        guard state != .closed else { return }
        if timers.closing <= now {
            return finish(state == .timeWait ? .finished : .timedOut)
        }
        acknowledgment.advance(to: now)
        if keepAliveDeadline <= now { keepAliveExpired() }
        guard timers.transmissionDeadline <= now else { return }
        switch timers.transmission {
        case .stopped: break
        case .retransmit: retransmissionTimerExpired(now: now)
        case .persist: persistTimerExpired(now: now)
        }
    }

    private mutating func keepAliveExpired() {
        guard let keepAlive = settings.keepAlive else { return }
        guard timers.keepAliveProbeCount < keepAlive.probeCount else { return finish(.timedOut) }
        timers.keepAliveProbeCount += 1
        isKeepAliveDue = true
        statistics.keepAliveProbes += 1
    }

    private mutating func retransmissionTimerExpired(now: Instant) {
        if state.isHandshaking { return handshakeTimerExpired(now: now) }
        guard !hasGivenUp(now: now) else { return }
        statistics.retransmissionTimeouts += 1
        congestion.noteTimeout(
            flightSize: send.outstandingByteCount, highest: send.highest,
            isRepeated: congestion.phase == .timeoutRecovery)
        // The peer may have dropped what it reported (RFC 2018, section 8): after a second time-out do not rely on it.
        if timers.unansweredSince != now { scoreboard.removeAll() }
        timedSegment = nil
        isRetransmissionDue = false
        send.next = send.unacknowledged
        roundTrip.backOff()
        timers.transmission = .retransmit(now + roundTrip.timeout)
    }

    private mutating func handshakeTimerExpired(now: Instant) {
        guard handshakeRetransmissionCount < Limits.handshakeRetransmissionCount else { return finish(.timedOut) }
        handshakeRetransmissionCount += 1
        isHandshakeSegmentDue = true
        timedSegment = nil
        roundTrip.backOff()
        timers.transmission = .retransmit(now + roundTrip.timeout)
    }

    private mutating func persistTimerExpired(now: Instant) {
        guard !hasGivenUp(now: now) else { return }
        isProbeDue = true
        roundTrip.backOff()
        timers.transmission = .persist(now + roundTrip.timeout)
    }

    /// Notes a time-out; gives the connection up when the peer was silent for too long (RFC 9293, section 3.8.3).
    private mutating func hasGivenUp(now: Instant) -> Bool {
        let since = timers.unansweredSince ?? now
        timers.unansweredSince = since
        guard now - since >= Limits.retransmissionGiveUp else { return false }
        finish(.timedOut)
        return true
    }
}
