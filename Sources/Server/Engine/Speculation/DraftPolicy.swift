import MonotonicTime

/// How many tokens to draft for a sequence: as many as pay, by how its drafts have fared and what steps take.
///
/// An accepted draft token saves the sequence a step, which it shares with `sequences` others; each costs what a token
/// adds to a step, accepted or not.
struct DraftPolicy {
    /// The share of draft tokens that are accepted, as a moving average. Starts in the middle: a first try decides.
    private(set) var acceptance = 0.5

    /// - Parameter limit: the most tokens to draft.
    func draftCount(limit: Int, sequences: Int, decodeStep: Interval, draftToken: Interval) -> Int {
        let saving = Double(decodeStep.nanoseconds) / Double(max(sequences, 1))
        var best = (count: 0, gain: 0.0)
        var (accepted, likelihood) = (0.0, 1.0)
        for count in 1..<(max(limit, 0) + 1) {
            likelihood *= acceptance
            accepted += likelihood
            let gain = accepted * saving - Double(draftToken.nanoseconds) * Double(count)
            if gain > best.gain { best = (count, gain) }
        }
        return best.count
    }

    /// Records a draft token that was checked.
    mutating func record(isAccepted: Bool) {
        acceptance += ((isAccepted ? 1 : 0) - acceptance) / 8
    }

    /// Records a draft token that was not worth checking: text changes, and after a while it is tried again.
    mutating func recordSkipped() {
        acceptance += (0.5 - acceptance) / 128
    }
}
