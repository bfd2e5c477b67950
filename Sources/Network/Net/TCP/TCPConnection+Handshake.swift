import MonotonicTime

extension TCPConnection {
    /// The passive open: a connection in SYN-RECEIVED that answers `syn`.
    init(
        answering syn: TCPHeader, endpoints: TCPEndpoints, settings: TCPSettings, initialSequence: SequenceNumber,
        timestampOffset: UInt32, now: Instant
    ) {
        self.init(
            settings: settings, endpoints: endpoints, state: .synReceived, initialSequence: initialSequence,
            timestampOffset: timestampOffset, receiveNext: syn.sequence + 1, now: now)
        negotiate(syn, now: now)
    }

    /// The active open: a connection in SYN-SENT. The kernel only listens; the other end of a simulated link connects.
    init(
        connecting endpoints: TCPEndpoints, settings: TCPSettings, initialSequence: SequenceNumber,
        timestampOffset: UInt32, now: Instant
    ) {
        self.init(
            settings: settings, endpoints: endpoints, state: .synSent, initialSequence: initialSequence,
            timestampOffset: timestampOffset, receiveNext: SequenceNumber(0), now: now)
        receive.windowShift = settings.windowShift
        usesSACK = true
    }

    /// Takes over what the peer's SYN offers. The window of a SYN is never scaled (RFC 7323, section 2.2).
    private mutating func negotiate(_ syn: TCPHeader, now: Instant) {
        if let timestamp = syn.options.timestamps {
            timestamps = TimestampClock(offset: timestampOffset, recent: timestamp.value, now: now)
        }
        if let shift = syn.options.windowShift {
            send.windowShift = shift
            receive.windowShift = settings.windowShift
        } else {
            receive.windowShift = 0
        }
        usesSACK = syn.options.isSACKPermitted
        let offered = Int(syn.options.maximumSegmentSize ?? UInt16(Limits.segmentSizeDefault))
        let agreed = min(max(offered, Limits.segmentSizeMin), settings.maximumSegmentSize)
        // RFC 6691: the MSS counts no options; the timestamps take 12 bytes of each segment.
        send.maximumSegmentSize = agreed - (timestamps == nil ? 0 : 12)
        send.setWindow(Int(syn.window), sequence: syn.sequence, acknowledgment: syn.acknowledgment)
    }

    /// The SYN or SYN,ACK when it is due.
    mutating func handshakeSegment(now: Instant) -> OutgoingSegment? {
        guard isHandshakeSegmentDue else { return nil }
        isHandshakeSegmentDue = false
        let isAnswer = state == .synReceived
        var options = TCPOptions()
        options.maximumSegmentSize = UInt16(clamping: settings.maximumSegmentSize)
        if !isAnswer || send.windowShift != nil { options.windowShift = receive.windowShift }
        options.isSACKPermitted = usesSACK
        options.timestamps =
            isAnswer
            ? timestamps?.option(now: now)
            : TCPTimestamps(value: TimestampClock.value(offset: timestampOffset, now: now), echo: 0)
        let header = TCPHeader(
            sourcePort: endpoints.localPort, destinationPort: endpoints.remotePort,
            sequence: send.initial, acknowledgment: receive.next,
            flags: isAnswer ? [.syn, .ack] : .syn,
            window: receive.advertise(isScaled: false), options: options)
        if send.highest == send.initial { timedSegment = (end: send.initial + 1, sentAt: now) }
        send.next = send.initial + 1
        send.highest = send.next
        if timers.transmission == .stopped { timers.transmission = .retransmit(now + roundTrip.timeout) }
        return OutgoingSegment(header: header)
    }

    /// The acknowledgment of our SYN is in: the connection is up.
    mutating func establish(_ segment: TCPHeader, now: Instant) {
        state = send.isFinished ? .finWait1 : .established
        events.insert(.accepted)
        let wasLost = handshakeRetransmissionCount > 0
        congestion.start(segmentSize: send.maximumSegmentSize, synWasLost: wasLost)
        if wasLost { roundTrip.startAfterLostSYN() }
        statistics.acceptedConnections += 1
    }

    /// The SYN that opened this connection came again: its answer was lost, or is late.
    func isRepeatedHandshake(_ segment: TCPHeader) -> Bool {
        state == .synReceived && segment.flags.contains(.syn) && !segment.flags.contains(.ack)
            && !segment.flags.contains(.rst) && segment.sequence + 1 == receive.next
    }

    /// A segment in SYN-SENT (RFC 9293, section 3.10.7.3). Simultaneous open is refused.
    mutating func receiveInSynSent(_ segment: TCPHeader, payloadByteCount: Int, now: Instant) -> TCPReset? {
        let acknowledgesSYN = segment.flags.contains(.ack) && segment.acknowledgment == send.initial + 1
        guard acknowledgesSYN else {
            guard segment.flags.contains(.ack), !segment.flags.contains(.rst) else { return nil }
            return TCPReset(answering: segment, payloadByteCount: payloadByteCount, endpoints: endpoints)
        }
        if segment.flags.contains(.rst) {
            finish(.reset)
            return nil
        }
        guard segment.flags.contains(.syn) else { return nil }
        receive = ReceiveSequence(next: segment.sequence + 1, capacity: settings.receiveBufferByteCount)
        negotiate(segment, now: now)
        // The SYN's own window was advertised with the old receive state: advertise it again.
        acknowledgment.acknowledgeNow()
        establish(segment, now: now)
        advanceUnacknowledged(segment, now: now)
        return nil
    }
}
