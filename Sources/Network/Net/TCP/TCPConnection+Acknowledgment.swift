import MonotonicTime

extension TCPConnection {
    /// The acknowledgment field and the window of an acceptable segment. False when the segment must be dropped.
    mutating func receiveAcknowledgment(_ segment: TCPHeader, payloadByteCount: Int, now: Instant) -> Bool {
        let acknowledged = segment.acknowledgment
        // RFC 5961, section 5.2: an acknowledgment of what was never sent, or of long ago, is a guess.
        guard acknowledged <= send.highest, send.unacknowledged - acknowledged <= max(send.largestWindow, 0xFFFF) else {
            challenge(now: now)
            return false
        }
        let isNews = noteSACKBlocks(segment)
        if acknowledged > send.unacknowledged {
            advanceUnacknowledged(segment, now: now)
        } else if isDuplicate(segment, payloadByteCount: payloadByteCount, hasNewSACK: isNews) {
            receiveDuplicate(now: now)
        }
        if acknowledged >= send.unacknowledged { receiveWindow(segment, now: now) }
        advanceClose(now: now)
        return state != .closed
    }

    /// Removes acknowledged bytes, measures the round trip, grows the window and restarts the timer.
    mutating func advanceUnacknowledged(_ segment: TCPHeader, now: Instant) {
        let acknowledgedBytes = segment.acknowledgment - send.unacknowledged
        let wasLimiting = send.outstandingByteCount + send.maximumSegmentSize > congestion.window
        let synWasPending = send.unacknowledged == send.initial
        measureRoundTrip(segment, now: now)
        send.acknowledge(segment.acknowledgment)
        scoreboard.prune(to: send.unacknowledged)
        timers.unansweredSince = nil
        roundTrip.resetBackoff()
        if congestion.phase == .fastRecovery {
            advanceFastRecovery(acknowledgedBytes, now: now)
        } else if !synWasPending {
            congestion.acknowledge(acknowledgedBytes, unacknowledged: send.unacknowledged, wasLimiting: wasLimiting)
        }
        // RFC 6298, sections 5.2 and 5.3.
        timers.transmission = send.outstandingByteCount == 0 ? .stopped : .retransmit(now + roundTrip.timeout)
        if timers.closing != .distantFuture { timers.closing = now + settings.lingerTimeout }
        if send.isWriterWaiting, send.buffer.room >= send.buffer.capacity / 4 {
            send.isWriterWaiting = false
            events.insert(.writable)
        }
    }

    /// Karn's rule: only a segment that was sent once is timed; a timestamp names the transmission answered.
    /// Not so for a repeated SYN: peers echo the timestamp of the first.
    private mutating func measureRoundTrip(_ segment: TCPHeader, now: Instant) {
        if let timed = timedSegment {
            guard segment.acknowledgment >= timed.end else { return }
            roundTrip.addSample(now - timed.sentAt)
            timedSegment = nil
        } else if send.unacknowledged != send.initial, let timestamps, let echo = segment.options.timestamps?.echo,
            let sample = timestamps.roundTrip(echo: echo, now: now)
        {
            roundTrip.addSample(sample)
        }
    }

    private mutating func noteSACKBlocks(_ segment: TCPHeader) -> Bool {
        guard usesSACK else { return false }
        var isNews = false
        let lower = SequenceNumber.later(send.unacknowledged, segment.acknowledgment)
        let blocks = segment.options.sackBlocks
        for index in 0..<blocks.count where scoreboard.insert(blocks[index], between: lower, and: send.highest) {
            isNews = true
        }
        return isNews
    }

    /// RFC 5681, section 2; with SACK, a duplicate is whatever reports a new arrival (RFC 6675, section 2).
    private func isDuplicate(_ segment: TCPHeader, payloadByteCount: Int, hasNewSACK: Bool) -> Bool {
        guard segment.acknowledgment == send.unacknowledged, send.outstandingByteCount > 0 else { return false }
        // Answers to window probes repeat themselves without any loss.
        if case .persist = timers.transmission { return false }
        if usesSACK { return hasNewSACK }
        return payloadByteCount == 0 && !segment.flags.contains(.fin)
            && windowSize(segment) == send.window
    }

    private mutating func receiveWindow(_ segment: TCPHeader, now: Instant) {
        let previous = send.window
        send.updateWindow(windowSize(segment), sequence: segment.sequence, acknowledgment: segment.acknowledgment)
        guard case .persist = timers.transmission else { return }
        // The peer lives: it may keep its window closed for as long as it likes (RFC 9293, section 3.8.6.1).
        timers.unansweredSince = nil
        if send.window > previous {
            timers.transmission = .stopped
            isProbeDue = false
            roundTrip.resetBackoff()
        }
    }

    private func windowSize(_ segment: TCPHeader) -> Int {
        Int(segment.window) << Int(send.windowShift ?? 0)
    }

    /// State transitions once our FIN is acknowledged.
    private mutating func advanceClose(now: Instant) {
        guard send.isFinAcknowledged else { return }
        switch state {
        case .finWait1:
            state = .finWait2
        case .closing:
            enterTimeWait(now: now)
        case .lastAck:
            finish(.finished)
        default:
            break
        }
    }
}
