import MonotonicTime

/// What a request can expect, and whether it is what was promised.
extension Engine where LM: ~Copyable {
    /// How many generations may run: fewer than there are slots when streams would otherwise get their tokens later
    /// than promised. One may always run.
    var slotCountMax: Int {
        guard let gapMax = configuration.serviceLevel.timeBetweenTokensMax else { return configuration.runningMax }
        let leastPrompt = costs.promptToken * UInt64(EngineLimits.prefillChunkTokensMin)
        var count = configuration.runningMax
        while count > 1, costs.decodeStep(of: count) + leastPrompt > gapMax { count -= 1 }
        return count
    }

    /// Refuses a request whose first token would come later than promised.
    ///
    /// An idle engine measures nothing, and so would go on refusing by an estimate that one disturbed step has made too
    /// high: there each refusal lowers it, until a request gets through and is measured.
    ///
    /// - Parameter tokenCount: prompt tokens that have to be computed for it.
    mutating func checkServiceLevel(computing tokenCount: Int, for account: Account) throws(GenerationRejection) {
        guard let limit = configuration.serviceLevel.timeToFirstTokenMax else { return }
        let predicted = predictedTimeToFirstToken(computing: tokenCount, for: account)
        // Shorter prompts that are still to come will take turns of this one.
        guard predicted + predicted / 4 > limit else { return }
        if isIdle { costs.decayPromptToken() }
        throw .firstTokenLate(
            predicted: predicted, limit: limit, retryAfterSeconds: Self.retryAfterSeconds(predicted - limit))
    }

    /// The wait for a slot, for the step under way, and for the prompts whose turn comes before.
    func predictedTimeToFirstToken(computing tokenCount: Int, for account: Account) -> Interval {
        let decodingCount = running.count { $0.isDecoding }
        let chunk = UInt64(promptChunk(decodingSequences: decodingCount))
        let step = costs.decodeStep(of: decodingCount) + costs.promptToken * chunk
        let stepCount = (UInt64(promptWork(before: tokenCount, for: account)) + chunk - 1) / chunk
        let underWay = isStepUnderWay ? step : .zero
        return slotWait(for: account) + underWay + step * stepCount
    }

    /// Prompt tokens that are computed until a prompt of `tokenCount` more is through.
    private func promptWork(before tokenCount: Int, for account: Account) -> Int {
        var work = PromptWork(of: tokenCount, account)
        for generation in running where !generation.isDecoding {
            work.add(generation.missingCount, of: generation.account)
        }
        for generation in waiting { work.add(generation.promptWork, of: generation.account) }
        // Every other turn is the shortest prompt's, and turns go round the subjects.
        return min(work.all, 2 * work.noLonger, work.own * accounts.competitorCount(with: account))
    }

    /// Until a slot is free: those who are admitted before need one too.
    private func slotWait(for account: Account) -> Interval {
        let limit = slotCountMax
        let ahead = accounts.waitingCount(ahead: account)
        let free = max(0, limit - running.count)
        guard ahead >= free else { return .zero }
        return costs.slotTime * UInt64(ahead - free + 1) / UInt64(limit)
    }

    /// How long a client that finds the queue full should wait: what the queue takes to drain at the present pace.
    var retryAfterSeconds: UInt64 {
        let rounds = UInt64(waiting.count / max(1, configuration.runningMax) + 1)
        return Self.retryAfterSeconds(costs.slotTime * rounds)
    }

    private static func retryAfterSeconds(_ wait: Interval) -> UInt64 {
        min(wait.milliseconds / 1_000 + 1, EngineLimits.retryAfterSecondsMax)
    }
}

/// Prompt tokens that wait to be computed when a prompt joins them: in all, of the same subject, and of prompts that
/// are no longer. Each includes the prompt's own.
private struct PromptWork {
    private let tokenCount: Int
    private let account: Account
    private(set) var all: Int
    private(set) var own: Int
    private(set) var noLonger: Int

    init(of tokenCount: Int, _ account: Account) {
        self.tokenCount = tokenCount
        self.account = account
        (all, own, noLonger) = (tokenCount, tokenCount, tokenCount)
    }

    mutating func add(_ count: Int, of other: Account) {
        all += count
        if other === account { own += count }
        if count <= tokenCount { noLonger += count }
    }
}
