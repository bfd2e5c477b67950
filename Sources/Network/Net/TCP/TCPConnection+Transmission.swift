import MonotonicTime

extension TCPConnection {
    /// The next segment to send; nil when there is nothing to say now. A segment that was taken must be sent.
    mutating func nextSegment(now: Instant) -> OutgoingSegment? {
        switch state {
        case .closed: return nil
        case .synSent, .synReceived: return handshakeSegment(now: now)
        case .timeWait: return acknowledgmentSegment(now: now)
        default: break
        }
        if let segment = recoverySegment(now: now) { return segment }
        if let segment = dataSegment(now: now) { return segment }
        if let segment = probeSegment(now: now) { return segment }
        return acknowledgmentSegment(now: now)
    }

    /// New data, or old data again after a retransmission timeout, as far as the windows allow. There is no Nagle
    /// delay: a token goes out as soon as it is written.
    private mutating func dataSegment(now: Instant) -> OutgoingSegment? {
        skipReceivedRanges()
        let remaining = send.end - send.next
        guard remaining > 0 else { return nil }
        restartAfterIdle(now: now)
        let inFlight = send.next - send.unacknowledged
        let usable = min(send.window - inFlight, congestionAllowance)
        var wanted = min(remaining, payloadByteCountMax)
        if let received = scoreboard.nextStart(after: send.next) { wanted = min(wanted, received - send.next) }
        let length = min(wanted, usable)
        // Silly window avoidance (RFC 9293, section 3.8.6.2.1), without Nagle's condition.
        let isWorthwhile = length == wanted || (length > 0 && length >= send.largestWindow / 2)
        guard isWorthwhile else {
            if send.outstandingByteCount == 0 || send.next == send.unacknowledged { waitForWindow(now: now) }
            return nil
        }
        let segment = segment(at: send.next, length: length, now: now)
        send.next = send.next + segment.header.sequenceLength(payloadByteCount: segment.payloadByteCount)
        send.highest = .later(send.highest, send.next)
        return segment
    }

    /// What the congestion window still allows to send.
    private var congestionAllowance: Int {
        if congestion.phase == .fastRecovery, usesSACK { return congestion.window - pipe }
        let inFlight = send.next - send.unacknowledged - scoreboard.byteCount(below: send.next)
        return congestion.window + congestion.limitedTransmitAllowance - inFlight
    }

    /// After a time-out, what the peer reported as received is not sent again.
    private mutating func skipReceivedRanges() {
        while send.next < send.highest, let range = scoreboard.range(containing: send.next) { send.next = range.end }
    }

    private mutating func restartAfterIdle(now: Instant) {
        guard send.outstandingByteCount == 0, now - timers.lastTransmission > roundTrip.timeout else { return }
        congestion.restartAfterIdle()
    }

    /// Nothing is in flight, and the window does not let us go on: only a probe can find out when it opens.
    private mutating func waitForWindow(now: Instant) {
        if case .persist = timers.transmission { return }
        timers.transmission = .persist(now + roundTrip.timeout)
    }

    /// At least one octet into the closed window (RFC 9293, section 3.8.6.1).
    private mutating func probeSegment(now: Instant) -> OutgoingSegment? {
        guard isProbeDue else { return nil }
        isProbeDue = false
        let start = send.unacknowledged
        let length = min(max(1, send.window), send.end - start, payloadByteCountMax)
        guard length > 0 else { return nil }
        statistics.zeroWindowProbes += 1
        let timer = timers.transmission
        let segment = segment(at: start, length: length, now: now)
        timers.transmission = timer
        send.highest = .later(send.highest, start + length)
        return segment
    }

    /// Builds the segment of `length` sequence numbers at `start`, FIN included, and notes that it is being sent.
    mutating func segment(at start: SequenceNumber, length: Int, now: Instant) -> OutgoingSegment {
        let offset = start - send.bufferStart
        let payloadByteCount = min(length, send.buffer.count - offset)
        let endsBuffer = offset + payloadByteCount == send.buffer.count
        var flags: TCPFlags = .ack
        if endsBuffer, payloadByteCount > 0 { flags.insert(.psh) }
        if endsBuffer, send.isFinished, length > payloadByteCount { flags.insert(.fin) }
        noteTransmission(start: start, length: length, now: now)
        return OutgoingSegment(
            header: header(sequence: start, flags: flags, now: now),
            payloadOffset: max(0, offset), payloadByteCount: payloadByteCount)
    }

    private mutating func noteTransmission(start: SequenceNumber, length: Int, now: Instant) {
        if start < send.highest {
            statistics.retransmittedSegments += 1
            // Karn's rule: what is sent twice cannot be timed.
            if let timed = timedSegment, start < timed.end { timedSegment = nil }
        } else if timedSegment == nil {
            timedSegment = (end: start + length, sentAt: now)
        }
        timers.lastTransmission = now
        if case .retransmit = timers.transmission { return }
        timers.transmission = .retransmit(now + roundTrip.timeout)
    }

    /// An empty segment: a due acknowledgment, a window update or a keep-alive probe.
    private mutating func acknowledgmentSegment(now: Instant) -> OutgoingSegment? {
        if isKeepAliveDue {
            isKeepAliveDue = false
            return OutgoingSegment(header: header(sequence: send.unacknowledged + -1, flags: .ack, now: now))
        }
        guard acknowledgment.isDue || (state.canReceive && receive.isWindowUpdateDue) else { return nil }
        let sequence = SequenceNumber.later(send.next, send.highest)
        return OutgoingSegment(header: header(sequence: sequence, flags: .ack, now: now))
    }

    /// How many SACK blocks fit the header besides the timestamps.
    private var sackBlockLimit: Int { timestamps == nil ? 4 : 3 }

    /// What fits a segment now: SACK blocks take their place from the payload (RFC 6691, section 3).
    var payloadByteCountMax: Int {
        let blockCount = usesSACK ? min(receive.early.ranges.count, sackBlockLimit) : 0
        return send.maximumSegmentSize - (blockCount == 0 ? 0 : 4 + blockCount * 8)
    }

    /// A header with the current acknowledgment and window.
    private mutating func header(sequence: SequenceNumber, flags: TCPFlags, now: Instant) -> TCPHeader {
        var options = TCPOptions()
        options.timestamps = timestamps?.option(now: now)
        if usesSACK { options.sackBlocks = receive.early.sackBlocks(limit: sackBlockLimit) }
        acknowledgment.noteSent()
        return TCPHeader(
            sourcePort: endpoints.localPort, destinationPort: endpoints.remotePort, sequence: sequence,
            acknowledgment: receive.next, flags: flags, window: receive.advertise(isScaled: true),
            options: options)
    }
}
