import MonotonicTime

/// Decides how many prompt tokens a pass may carry, from what passes have taken so far on this machine.
///
/// A pass that streams wait for should take about twice as long as one without prompt tokens at most: then the longest
/// gap in a stream stays near twice its usual one, whatever the model and the processor. A pass that nobody waits for
/// is only short enough that a request which arrives meanwhile starts soon.
struct PrefillPacer {
    /// The longest gap that streams were promised.
    let gapMax: Interval?

    /// The prompt tokens that the next pass may carry.
    ///
    /// - Parameter limit: the most there may be, and what there are while nothing has been measured.
    func chunk(decodingSequences: Int, limit: Int, _ costs: MeasuredCosts) -> Int {
        let decodePass = costs.decodePass(of: decodingSequences)
        var budget = Limits.prefillPassTime
        if decodingSequences > 0 {
            budget = decodePass
            if let gapMax { budget = min(budget, gapMax - decodePass) }
        }
        guard costs.promptToken > .zero, decodingSequences == 0 || decodePass > .zero else { return limit }
        let affordable = Int(clamping: budget.nanoseconds / costs.promptToken.nanoseconds)
        return min(limit, max(affordable, Limits.prefillChunkTokensMin))
    }
}
