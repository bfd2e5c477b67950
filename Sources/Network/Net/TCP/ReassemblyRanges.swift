/// Which octets beyond RCV.NXT have arrived: disjoint ranges in ascending order, bounded in number.
///
/// The octets themselves are staged in the receive buffer. The bound keeps the work per segment constant against a peer
/// that sends every second octet.
struct ReassemblyRanges: Sendable {
    private(set) var ranges: [SequenceRange] = []
    /// Where the latest arrival went: its range is reported first (RFC 2018, section 4).
    private var latest = SequenceNumber(0)

    var isEmpty: Bool { ranges.isEmpty }

    /// Notes that `range` has arrived; false when that needs one more range than allowed.
    mutating func insert(_ range: SequenceRange) -> Bool {
        let lower = ranges.firstIndex { $0.end >= range.start } ?? ranges.count
        let upper = ranges.firstIndex { $0.start > range.end } ?? ranges.count
        if lower == upper {
            guard ranges.count < Limits.reassemblyRangeCount else { return false }
            ranges.insert(range, at: lower)
        } else {
            let start = ranges[lower].start < range.start ? ranges[lower].start : range.start
            let end = SequenceNumber.later(ranges[upper - 1].end, range.end)
            ranges[lower] = SequenceRange(start: start, end: end)
            ranges.removeSubrange(lower + 1..<upper)
        }
        latest = range.start
        return true
    }

    /// Removes what `next` has reached and returns how many octets behind `next` are there without a gap.
    mutating func advance(to next: SequenceNumber) -> Int {
        var reached = next
        var consumed = 0
        while consumed < ranges.count, ranges[consumed].start <= reached {
            reached = .later(reached, ranges[consumed].end)
            consumed += 1
        }
        if consumed > 0 { ranges.removeSubrange(0..<consumed) }
        return reached - next
    }

    /// At most `limit` SACK blocks, the most recent first.
    func sackBlocks(limit: Int) -> SACKBlocks {
        var blocks = SACKBlocks()
        guard !ranges.isEmpty else { return blocks }
        let first = ranges.firstIndex { $0.start <= latest && latest < $0.end } ?? 0
        blocks.append(ranges[first])
        for index in ranges.indices.reversed() where index != first && blocks.count < limit {
            blocks.append(ranges[index])
        }
        return blocks
    }
}
