import MonotonicTime

// Loss recovery: fast retransmit and fast recovery by NewReno (RFC 6582), or by SACK (RFC 6675) with peers that do it.
extension TCPConnection {
    /// A duplicate acknowledgment.
    mutating func receiveDuplicate(now: Instant) {
        let isLossEvident = usesSACK && scoreboard.isFirstLost(segmentSize: send.maximumSegmentSize)
        if congestion.noteDuplicate(isLossEvident: isLossEvident) {
            statistics.fastRetransmits += 1
            congestion.beginFastRecovery(
                flightSize: send.outstandingByteCount, highest: send.highest,
                usesSACK: usesSACK)
            retransmittedUpTo = send.unacknowledged
            isRetransmissionDue = true
        } else if congestion.phase == .fastRecovery, !usesSACK {
            congestion.inflate()
        }
    }

    /// New data was acknowledged in fast recovery.
    mutating func advanceFastRecovery(_ acknowledgedBytes: Int, now: Instant) {
        if send.unacknowledged >= congestion.recoverPoint {
            congestion.endFastRecovery(flightSize: send.outstandingByteCount)
            isRetransmissionDue = false
        } else if usesSACK {
            retransmittedUpTo = .later(retransmittedUpTo, send.unacknowledged)
        } else {
            // A partial acknowledgment: the next segment is missing, too.
            congestion.deflate(by: acknowledgedBytes)
            isRetransmissionDue = true
        }
    }

    /// The octets that are believed to be in the network (RFC 6675, section 4).
    var pipe: Int {
        scoreboard.pipe(
            unacknowledged: send.unacknowledged, highest: send.highest, retransmitted: retransmittedUpTo,
            segmentSize: send.maximumSegmentSize)
    }

    /// A retransmission in fast recovery.
    mutating func recoverySegment(now: Instant) -> OutgoingSegment? {
        guard congestion.phase == .fastRecovery else { return nil }
        if isRetransmissionDue {
            isRetransmissionDue = false
            let missing = scoreboard.nextStart(after: send.unacknowledged) ?? send.highest
            return retransmit(SequenceRange(start: send.unacknowledged, end: missing), now: now)
        }
        guard usesSACK, congestion.window - pipe >= send.maximumSegmentSize else { return nil }
        let from = SequenceNumber.later(retransmittedUpTo, send.unacknowledged)
        // Lost segments come first, then new data if there is any, then doubtful ones (rules 1 to 3 of NextSeg).
        let hasNewData = send.end > send.next && send.window > send.next - send.unacknowledged
        guard let gap = scoreboard.nextGap(from: from, mustBeLost: hasNewData, segmentSize: send.maximumSegmentSize)
        else { return nil }
        return retransmit(gap, now: now)
    }

    private mutating func retransmit(_ gap: SequenceRange, now: Instant) -> OutgoingSegment? {
        let length = min(gap.count, payloadByteCountMax, send.end - gap.start)
        guard length > 0 else { return nil }
        retransmittedUpTo = .later(retransmittedUpTo, gap.start + length)
        return segment(at: gap.start, length: length, now: now)
    }
}
