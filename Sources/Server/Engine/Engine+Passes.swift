import Transformer
import MonotonicTime

/// Running passes, and what becomes of their participants.
extension Engine where LM: ~Copyable {
    public enum StepResult: Sendable {
        /// There is more to do: step again, as soon as the network has been looked at.
        case working
        /// Nothing to do until something is submitted, resumed or cancelled.
        case idle
    }

    /// Runs one slice: a part of a forward pass, or the use of one row of its logits.
    public mutating func step(now: Instant) -> StepResult {
        switch phase {
        case .idle:
            recordPass(now: now)
            admit(now: now)
            buildBatch()
            guard !batch.isEmpty else { return .idle }
            model.begin(batch)
            passBeganAt = now
            phase = .forward
            return advancePass()
        case .forward:
            return advancePass()
        case .harvest(let next):
            let following = useRow(next, now: now)
            phase = following < rows.count ? .harvest(next: following) : .idle
            return .working
        }
    }

    /// Uses a row of logits; the index of the next that is good.
    private mutating func useRow(_ index: Int, now: Instant) -> Int {
        let row = rows[index]
        harvest(row, row: index, now: now)
        guard let guess = row.guess, !checkGuess(guess, of: row.generation) else { return index + 1 }
        return rows[index...].firstIndex { $0.generation !== row.generation } ?? rows.count
    }

    /// Takes note of how long the pass has taken whose last row the step before this one used.
    private mutating func recordPass(now: Instant) {
        guard let began = passBeganAt else { return }
        passBeganAt = nil
        var decodingSequences = 0
        var promptTokens = 0
        var draftTokens = 0
        for participant in participants {
            if participant.isPrompt { promptTokens += participant.tokenCount } else { decodingSequences += 1 }
            draftTokens += participant.draftCount
        }
        guard draftTokens == 0 else {
            return costs.record(draftPass: now - began, decodingSequences: decodingSequences, draftTokens: draftTokens)
        }
        costs.record(pass: now - began, decodingSequences: decodingSequences, promptTokens: promptTokens)
    }

    private mutating func advancePass() -> StepResult {
        guard model.advance() else { return .working }
        statistics.passes += 1
        statistics.batchSize.observe(UInt64(participants.count))
        hasAbandonedLastPass = false
        for participant in participants {
            participant.generation.cachedCount += participant.tokenCount - participant.draftCount
            let work = participant.isPrompt ? participant.tokenCount : Limits.decodeTokenWork + participant.draftCount
            participant.generation.account.charge(work)
            guard participant.isPrompt else { continue }
            statistics.promptTokens += UInt64(participant.tokenCount)
            completePrompt(participant.generation)
        }
        releaseCancelled()
        phase = rows.isEmpty ? .idle : .harvest(next: 0)
        return .working
    }

    /// A prompt that has just been computed is there for others who begin alike, while its reply is still being made.
    private mutating func completePrompt(_ generation: Generation) {
        guard !generation.isPromptComputed, generation.cachedCount >= generation.promptCount else { return }
        generation.isPromptComputed = true
        keepPrefix(of: generation)
    }

    // MARK: Cancellation

    func isInPass(_ generation: Generation) -> Bool {
        isPassUnderWay && participants.contains { $0.generation === generation }
    }

    /// Whether the pass under way is more for clients that have left than for the others. Two passes in a row are not
    /// abandoned: clients that come and go could stop everybody's progress.
    func isWorthAbandoning(for generation: Generation) -> Bool {
        var wanted = 0
        var unwanted = 0
        for participant in participants {
            if participant.generation.isCancelled {
                unwanted += participant.tokenCount
            } else {
                wanted += participant.tokenCount
            }
        }
        return wanted == 0 || (unwanted > wanted && !hasAbandonedLastPass)
    }

    /// Drops the pass under way. Nobody's state has changed by it, so that the others simply take part in the next.
    mutating func abandonPass() {
        model.abandon()
        phase = .idle
        passBeganAt = nil
        hasAbandonedLastPass = true
        statistics.abandonedPasses += 1
        releaseCancelled()
    }

    private mutating func releaseCancelled() {
        for index in running.indices.reversed() where running[index].isCancelled { release(at: index) }
    }

    // MARK: The end of a generation

    mutating func finish(_ generation: Generation, _ reason: FinishReason, now: Instant) {
        if let index = running.firstIndex(where: { $0 === generation }) {
            release(at: index)
            costs.record(placeTime: now - generation.placedAt)
        }
        generation.finish(reason)
        statistics.finishedGenerations += 1
        statistics.timeToLastToken.observe(now - generation.submittedAt)
        markReady(generation)
    }

    mutating func markReady(_ generation: Generation) {
        guard generation.hasOutput, !generation.isReady else { return }
        generation.isReady = true
        ready.append(generation)
    }
}
