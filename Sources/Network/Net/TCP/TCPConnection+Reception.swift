import MonotonicTime

extension TCPConnection {
    /// The text and the FIN of an acceptable segment.
    mutating func receiveText(_ segment: TCPHeader, payload: RawSpan, now: Instant) {
        guard state.canReceive else {
            // After the peer's FIN there is nothing to say; whatever comes is old.
            if payload.byteCount > 0 || segment.flags.contains(.fin) { acknowledgment.acknowledgeNow() }
            if state == .timeWait, segment.flags.contains(.fin) { timers.closing = now + settings.timeWait }
            return
        }
        let windowEnd = receive.next + receive.window
        let room = windowEnd - segment.sequence
        let text = payload.extracting(first: min(payload.byteCount, max(0, room)))
        let isTrimmed = text.byteCount < payload.byteCount
        if isTrimmed { acknowledgment.acknowledgeNow() }
        if segment.flags.contains(.fin), !isTrimmed {
            receive.noteFin(at: segment.sequence + payload.byteCount)
            acknowledgment.acknowledgeNow()
        }
        if text.byteCount > 0 { take(text, at: segment.sequence, now: now) }
        if receive.takeFin() { peerFinished(now: now) }
    }

    private mutating func take(_ text: RawSpan, at sequence: SequenceNumber, now: Instant) {
        let hadGap = !receive.early.isEmpty
        guard let readable = receive.take(text, at: sequence) else {
            // RFC 5681, section 4.2: out of order, so that the sender learns of the loss.
            statistics.outOfOrderSegments += 1
            return acknowledgment.acknowledgeNow()
        }
        guard readable > 0 else {
            statistics.duplicateSegments += 1
            return acknowledgment.acknowledgeNow()
        }
        if hadGap {
            acknowledgment.acknowledgeNow()
        } else {
            acknowledgment.noteArrival(readable, fullSize: receive.largestPayload, now: now)
        }
        if !receive.isDiscarding { events.insert(.readable) }
    }

    private mutating func peerFinished(now: Instant) {
        acknowledgment.acknowledgeNow()
        if !receive.isDiscarding { events.insert(.peerClosed) }
        switch state {
        case .established: state = .closeWait
        case .finWait1: state = .closing
        case .finWait2: enterTimeWait(now: now)
        default: break
        }
    }
}
