import MonotonicTime

/// Decides how many prompt tokens a pass may carry, from what passes have taken so far on this machine.
///
/// A pass that streams wait for should take about twice as long as one without prompt tokens at most: then the longest
/// gap in a stream stays near twice its usual one, whatever the model and the processor. A pass that nobody waits for
/// is only short enough that a request which arrives meanwhile starts soon.
struct PrefillPacer {
    /// Moving averages: a pass of decoding sequences alone, and what each prompt token adds to a pass.
    private var decodePass = Interval.zero
    private var promptToken = Interval.zero

    /// Takes note of a pass.
    mutating func record(_ duration: Interval, decodingSequences: Int, promptTokens: Int) {
        guard promptTokens > 0 else {
            decodePass = Self.average(decodePass, duration)
            return
        }
        let base = decodingSequences > 0 ? decodePass : .zero
        promptToken = Self.average(promptToken, (duration - base) / UInt64(promptTokens))
    }

    /// The prompt tokens that the next pass may carry.
    ///
    /// - Parameter limit: the most there may be, and what there are while nothing has been measured.
    func chunk(whileDecoding: Bool, limit: Int) -> Int {
        let budget = whileDecoding ? decodePass : Limits.prefillPassTime
        guard budget > .zero, promptToken > .zero else { return limit }
        let affordable = Int(clamping: budget.nanoseconds / promptToken.nanoseconds)
        return min(limit, max(affordable, Limits.prefillChunkTokensMin))
    }

    /// One eighth of the new value: a single slow pass moves little.
    private static func average(_ old: Interval, _ new: Interval) -> Interval {
        old == .zero ? new : (old * 7 + new) / 8
    }
}
