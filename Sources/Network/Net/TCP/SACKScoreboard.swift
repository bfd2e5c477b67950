/// What the peer reported as received beyond SND.UNA (RFC 2018), and what follows from it (RFC 6675).
struct SACKScoreboard: Sendable {
    private(set) var ranges: [SequenceRange] = []

    var isEmpty: Bool { ranges.isEmpty }

    /// Notes a block that lies between `lower` and `upper`; anything else is refused. Returns whether it was news.
    mutating func insert(_ block: SequenceRange, between lower: SequenceNumber, and upper: SequenceNumber) -> Bool {
        guard lower < block.start, block.start < block.end, block.end <= upper else { return false }
        let first = ranges.firstIndex { $0.end >= block.start } ?? ranges.count
        let last = ranges.firstIndex { $0.start > block.end } ?? ranges.count
        if first == last {
            guard ranges.count < Limits.scoreboardRangeCount else { return false }
            ranges.insert(block, at: first)
            return true
        }
        if last == first + 1, ranges[first].start <= block.start, ranges[first].end >= block.end { return false }
        let start = ranges[first].start < block.start ? ranges[first].start : block.start
        let end = SequenceNumber.later(ranges[last - 1].end, block.end)
        ranges[first] = SequenceRange(start: start, end: end)
        ranges.removeSubrange(first + 1..<last)
        return true
    }

    /// Forgets what is no longer beyond `unacknowledged`. A range that contains it was taken back by the peer, or it
    /// would be acknowledged as a whole (RFC 2018, section 8).
    mutating func prune(to unacknowledged: SequenceNumber) {
        let kept = ranges.firstIndex { $0.start > unacknowledged } ?? ranges.count
        if kept > 0 { ranges.removeSubrange(0..<kept) }
    }

    mutating func removeAll() { ranges.removeAll(keepingCapacity: true) }

    /// The range that contains `sequence`.
    func range(containing sequence: SequenceNumber) -> SequenceRange? {
        ranges.first { $0.start <= sequence && sequence < $0.end }
    }

    /// The start of the first range beyond `sequence`.
    func nextStart(after sequence: SequenceNumber) -> SequenceNumber? {
        ranges.first { $0.start > sequence }?.start
    }

    /// Received octets below `sequence`.
    func byteCount(below sequence: SequenceNumber) -> Int {
        var count = 0
        for range in ranges where range.start < sequence {
            count += (range.end < sequence ? range.end : sequence) - range.start
        }
        return count
    }

    /// `IsLost` for the gap before the range at `index`: three ranges or more than two segments have arrived beyond it.
    private func isGapLost(rangesBeyond: Int, bytesBeyond: Int, segmentSize: Int) -> Bool {
        rangesBeyond >= 3 || bytesBeyond > 2 * segmentSize
    }

    /// Whether the octet at `unacknowledged` counts as lost.
    func isFirstLost(segmentSize: Int) -> Bool {
        var bytes = 0
        for range in ranges { bytes += range.count }
        return isGapLost(rangesBeyond: ranges.count, bytesBeyond: bytes, segmentSize: segmentSize)
    }

    /// `SetPipe`: an estimate of the octets in the network, given that everything below `retransmitted` was sent again.
    func pipe(
        unacknowledged: SequenceNumber, highest: SequenceNumber, retransmitted: SequenceNumber,
        segmentSize: Int
    ) -> Int {
        var pipe = 0
        var gapEnd = highest
        var rangesBeyond = 0
        var bytesBeyond = 0
        for index in stride(from: ranges.count, through: 0, by: -1) {
            let gapStart = index == 0 ? unacknowledged : ranges[index - 1].end
            if !isGapLost(rangesBeyond: rangesBeyond, bytesBeyond: bytesBeyond, segmentSize: segmentSize) {
                pipe += max(0, gapEnd - gapStart)
            }
            if rangesBeyond > 0, retransmitted > gapStart {
                pipe += max(0, (retransmitted < gapEnd ? retransmitted : gapEnd) - gapStart)
            }
            guard index > 0 else { break }
            gapEnd = ranges[index - 1].start
            rangesBeyond += 1
            bytesBeyond += ranges[index - 1].count
        }
        return pipe
    }

    /// Rules 1 and 3 of `NextSeg`: the first gap at or after `sequence` that has a received range beyond it. With
    /// `mustBeLost` it also has to count as lost.
    func nextGap(from sequence: SequenceNumber, mustBeLost: Bool, segmentSize: Int) -> SequenceRange? {
        var bytesBeyond = 0
        for range in ranges { bytesBeyond += range.count }
        var gapStart = sequence
        for (index, range) in ranges.enumerated() {
            if range.start > gapStart {
                let isLost = isGapLost(
                    rangesBeyond: ranges.count - index, bytesBeyond: bytesBeyond,
                    segmentSize: segmentSize)
                return isLost || !mustBeLost ? SequenceRange(start: gapStart, end: range.start) : nil
            }
            gapStart = .later(gapStart, range.end)
            bytesBeyond -= range.count
        }
        return nil
    }
}
