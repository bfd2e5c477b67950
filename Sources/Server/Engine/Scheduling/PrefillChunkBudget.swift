import MonotonicTime

/// Decides how many prompt tokens a step may carry, from what steps have taken so far on this machine.
///
/// A step that streams wait for should take about twice as long as one without prompt tokens at most: then the longest
/// gap in a stream stays near twice its usual one, whatever the model and the processor. A step that no stream waits
/// for is only short enough that a request which arrives meanwhile starts soon.
struct PrefillChunkBudget {
    /// The longest gap that streams were promised.
    let gapMax: Interval?

    /// The prompt tokens that the next step may carry.
    ///
    /// - Parameter limit: the most there may be, and what there are while nothing has been measured.
    func tokenCount(decodingSequences: Int, limit: Int, _ costs: MeasuredCosts) -> Int {
        let decodeStep = costs.decodeStep(of: decodingSequences)
        var budget = EngineLimits.prefillStepTime
        if decodingSequences > 0 {
            budget = decodeStep
            if let gapMax { budget = min(budget, gapMax - decodeStep) }
        }
        guard costs.promptToken > .zero, decodingSequences == 0 || decodeStep > .zero else { return limit }
        let affordable = Int(clamping: budget.nanoseconds / costs.promptToken.nanoseconds)
        return min(limit, max(affordable, EngineLimits.prefillChunkTokensMin))
    }
}
