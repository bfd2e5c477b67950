import MonotonicTime

// Segments in and out.
extension TCPTransport {
    /// Takes a segment with a valid checksum; returns the reset that it deserves, if any.
    mutating func receive(_ segment: TCPHeader, payload: RawSpan, endpoints: TCPEndpoints, now: Instant) -> TCPReset? {
        statistics.receivedSegments += 1
        if let slot = table.slot(of: endpoints.key) {
            guard reopens(segment, slot: slot, now: now) else {
                return deliver(segment, payload: payload, to: slot, now: now)
            }
            slots[slot].connection.finish(.finished)
            settle(slot)
        }
        if segment.flags.contains(.rst) { return nil }
        let isOpening = segment.flags.contains(.syn) && !segment.flags.contains(.ack)
        if isOpening, let listener = listeners.firstIndex(where: { $0.port == endpoints.localPort }) {
            open(segment, endpoints: endpoints, listener: listener, now: now)
            return nil
        }
        return TCPReset(answering: segment, payloadByteCount: payload.byteCount, endpoints: endpoints)
    }

    private mutating func deliver(_ segment: TCPHeader, payload: RawSpan, to slot: Int, now: Instant) -> TCPReset? {
        let wasHalfOpen = slots[slot].connection.state == .synReceived
        var reset = slots[slot].connection.receive(segment, payload: payload, now: now)
        let state = slots[slot].connection.state
        if wasHalfOpen, state != .synReceived, state != .closed,
            establishedCount >= configuration.maximumConnections
        {
            statistics.ignoredHandshakes += 1
            reset = slots[slot].connection.abort()
        }
        settle(slot)
        return reset
    }

    /// A SYN may open a new incarnation of a connection in TIME-WAIT when it is surely new: by its timestamp (RFC 6191)
    /// or by its sequence number (RFC 9293, section 3.6.1).
    private func reopens(_ segment: TCPHeader, slot: Int, now: Instant) -> Bool {
        guard slots[slot].connection.state == .timeWait, segment.flags.contains(.syn), !segment.flags.contains(.ack),
            !segment.flags.contains(.rst)
        else { return false }
        if let recent = slots[slot].connection.timestamps?.recent, let value = segment.options.timestamps?.value,
            value != recent
        {
            return Int32(bitPattern: value &- recent) > 0
        }
        return segment.sequence > slots[slot].connection.receive.next
    }

    /// The passive open, within the bounds of the backlog and of the connection table.
    private mutating func open(_ syn: TCPHeader, endpoints: TCPEndpoints, listener: Int, now: Instant) {
        let isFull =
            listeners[listener].halfOpenCount >= listeners[listener].backlog
            || halfOpen.count >= configuration.maximumHalfOpenConnections
        if isFull { displaceOldestHalfOpen(now: now) }
        guard establishedCount < configuration.maximumConnections,
            listeners[listener].halfOpenCount < listeners[listener].backlog,
            halfOpen.count < configuration.maximumHalfOpenConnections
        else {
            statistics.ignoredHandshakes += 1
            return
        }
        let key = endpoints.key
        let connection = TCPConnection(
            answering: syn, endpoints: endpoints, settings: settings,
            initialSequence: initialSequence.sequenceNumber(localAddress: endpoints.localAddress, key: key, now: now),
            timestampOffset: initialSequence.timestampOffset(localAddress: endpoints.localAddress, key: key), now: now)
        guard let slot = insert(connection, now: now) else {
            statistics.ignoredHandshakes += 1
            return
        }
        halfOpen.append(slot)
        listeners[listener].halfOpenCount += 1
        settle(slot)
    }

    /// Under a flood of SYNs, one that never got an answer to its repeated SYN,ACK makes room. Younger ones stay: a
    /// burst of honest clients must not displace itself.
    private mutating func displaceOldestHalfOpen(now: Instant) {
        guard let oldest = halfOpen.first,
            now - slots[oldest].openedAt >= Limits.halfOpenDisplacementAge
        else { return }
        slots[oldest].connection.finish(.timedOut)
        settle(oldest)
    }

    /// The first connection that may have something to send.
    var firstReady: Int? { ready.first }

    func remoteAddress(of slot: Int) -> IPv4Address { slots[slot].connection.endpoints.remoteAddress }
    func endpoints(of slot: Int) -> TCPEndpoints { slots[slot].connection.endpoints }

    /// The next segment of `slot`, which goes to the end of the line; without one it leaves the line.
    mutating func nextSegment(of slot: Int, now: Instant) -> OutgoingSegment? {
        ready.remove(slot)
        let segment = slots[slot].connection.nextSegment(now: now)
        statistics.transmittedSegments += segment == nil ? 0 : 1
        if segment != nil { ready.append(slot) }
        deadlines.update(slot, to: slots[slot].connection.nextDeadline)
        return segment
    }

    /// Copies the payload of `segment` to `offset` in `frame`.
    func copyPayload(of segment: OutgoingSegment, slot: Int, into frame: inout MutableRawSpan, at offset: Int) {
        slots[slot].connection.send.buffer.copy(
            from: segment.payloadOffset, count: segment.payloadByteCount,
            into: &frame, at: offset)
    }

    /// Takes `slot` out of the line without sending.
    mutating func skip(_ slot: Int) { ready.remove(slot) }

    /// `slot` has something to send, but its next hop's address is not known yet.
    mutating func waitForNeighbor(_ slot: Int) {
        ready.remove(slot)
        awaitingNeighbor.append(slot)
    }

    /// A neighbor's address became known: connections that wait for it may try again.
    mutating func neighborBecameKnown() {
        while let slot = awaitingNeighbor.popFirst() { ready.append(slot) }
    }
}
