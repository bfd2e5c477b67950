import MonotonicTime

/// How many tokens to guess ahead for a sequence: as many as pay, by how its guesses have fared and what passes take.
///
/// A guess that comes true saves the sequence a pass, which it shares with `sequences` others; each guess costs what a
/// token adds to a pass, true or not.
struct DraftPolicy {
    /// The share of guesses that come true, as a moving average. Starts in the middle: a first try decides.
    private(set) var acceptance = 0.5

    /// - Parameter limit: the most tokens to guess.
    func draftCount(limit: Int, sequences: Int, decodePass: Interval, draftToken: Interval) -> Int {
        let saving = Double(decodePass.nanoseconds) / Double(max(sequences, 1))
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

    /// Takes note of a guess that was checked.
    mutating func record(isAccepted: Bool) {
        acceptance += ((isAccepted ? 1 : 0) - acceptance) / 8
    }

    /// Takes note of a guess that was not worth checking: text changes, and after a while it is tried again.
    mutating func recordSkipped() {
        acceptance += (0.5 - acceptance) / 128
    }
}
