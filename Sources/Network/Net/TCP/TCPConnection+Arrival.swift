import MonotonicTime

extension TCPConnection {
    /// Takes a segment whose checksum is right (RFC 9293, section 3.10.7.4). Returns the reset that it deserves, if
    /// any; whatever else it causes comes out of `nextSegment` and `events`.
    mutating func receive(_ segment: TCPHeader, payload: RawSpan, now: Instant) -> TCPReset? {
        if state == .closed { return nil }
        if state == .synSent {
            return receiveInSynSent(segment, payloadByteCount: payload.byteCount, now: now)
        }
        if isRepeatedHandshake(segment) {
            isHandshakeSegmentDue = true
            return nil
        }
        guard passesTimestampCheck(segment, payloadByteCount: payload.byteCount, now: now) else { return nil }
        guard isAcceptable(segment, payloadByteCount: payload.byteCount) else {
            answerUnacceptable(segment, payloadByteCount: payload.byteCount, now: now)
            return nil
        }
        if segment.flags.contains(.rst) {
            receiveReset(segment, now: now)
            return nil
        }
        if segment.flags.contains(.syn) {
            challenge(now: now)
            return nil
        }
        guard segment.flags.contains(.ack) else { return nil }
        if let timestamp = segment.options.timestamps {
            timestamps?.update(
                timestamp.value, sequence: segment.sequence,
                lastAcknowledged: receive.lastAcknowledged, now: now)
        }
        timers.lastArrival = now
        timers.keepAliveProbeCount = 0
        if state == .synReceived {
            guard segment.acknowledgment == send.initial + 1 else {
                return TCPReset(answering: segment, payloadByteCount: payload.byteCount, endpoints: endpoints)
            }
            establish(segment, now: now)
        }
        guard receiveAcknowledgment(segment, payloadByteCount: payload.byteCount, now: now) else { return nil }
        receiveText(segment, payload: payload, now: now)
        return nil
    }

    /// PAWS (RFC 7323, section 5.3), and the rule of section 3.2 that every segment carries a timestamp once agreed.
    private mutating func passesTimestampCheck(_ segment: TCPHeader, payloadByteCount: Int, now: Instant) -> Bool {
        guard let timestamps, !segment.flags.contains(.rst) else { return true }
        guard let timestamp = segment.options.timestamps else {
            statistics.staleTimestamps += 1
            return false
        }
        guard timestamps.isStale(timestamp.value, now: now) else { return true }
        statistics.staleTimestamps += 1
        answerUnacceptable(segment, payloadByteCount: payloadByteCount, now: now)
        return false
    }

    /// The acceptability test. With a closed window, what starts at RCV.NXT passes for the sake of its acknowledgment.
    private func isAcceptable(_ segment: TCPHeader, payloadByteCount: Int) -> Bool {
        let start = segment.sequence - receive.next
        let length = segment.sequenceLength(payloadByteCount: payloadByteCount)
        let window = receive.window
        if start == 0 { return true }
        if start > 0 { return start < window }
        return length > 0 && start + length > 0 && window > 0
    }

    /// What lies outside the window is acknowledged: it may be a retransmission whose acknowledgment was lost, or a
    /// keep-alive. Empty segments are answered within the challenge limit, so that two ends cannot echo each other.
    private mutating func answerUnacceptable(_ segment: TCPHeader, payloadByteCount: Int, now: Instant) {
        guard !segment.flags.contains(.rst) else { return }
        if payloadByteCount > 0 || segment.flags.contains(.fin) {
            statistics.duplicateSegments += 1
            acknowledgment.acknowledgeNow()
            echoTimestampOfRepetition(segment, payloadByteCount: payloadByteCount, now: now)
        } else {
            challenge(now: now)
        }
        if state == .timeWait, segment.flags.contains(.fin) { timers.closing = now + settings.timeWait }
    }

    /// When the latest segment comes again, its acknowledgment must have been lost. Echoing the timestamp of the
    /// repetition keeps the sender from measuring its own retransmission timeout as a round trip.
    private mutating func echoTimestampOfRepetition(_ segment: TCPHeader, payloadByteCount: Int, now: Instant) {
        let length = segment.sequenceLength(payloadByteCount: payloadByteCount)
        guard let value = segment.options.timestamps?.value, segment.sequence + length == receive.next,
            let isStale = timestamps?.isStale(value, now: now), !isStale
        else { return }
        timestamps?.update(value, sequence: segment.sequence, lastAcknowledged: receive.lastAcknowledged, now: now)
    }

    /// RFC 5961, section 3: only a reset at exactly RCV.NXT counts; others in the window are challenged.
    private mutating func receiveReset(_ segment: TCPHeader, now: Instant) {
        guard segment.sequence == receive.next else { return challenge(now: now) }
        statistics.resetsReceived += 1
        // RFC 1337: a reset must not cut TIME-WAIT short.
        guard state != .timeWait else { return }
        finish(state == .lastAck || state == .closing ? .finished : .reset)
    }

    /// Sends an acknowledgment that lets an honest peer find out the truth (RFC 5961), within limits.
    mutating func challenge(now: Instant) {
        guard challengeLimiter.allow(now: now) else { return }
        statistics.challenges += 1
        if state == .synReceived { isHandshakeSegmentDue = true } else { acknowledgment.acknowledgeNow() }
    }
}
