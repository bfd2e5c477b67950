import Transformer
import MonotonicTime

/// Running steps, and what becomes of their participants.
extension Engine where LM: ~Copyable {
    public enum Progress: Sendable {
        /// There is more to do: advance again, as soon as the network has been looked at.
        case working
        /// Nothing to do until something is submitted, resumed or cancelled.
        case idle
    }

    /// Runs a part of a step: of its forward pass, or the sampling from one row of its logits.
    public mutating func advance(now: Instant) -> Progress {
        switch phase {
        case .idle:
            recordStep(now: now)
            admit(now: now)
            buildBatch()
            guard !batch.isEmpty else { return .idle }
            model.begin(batch)
            stepBeganAt = now
            phase = .forward
            return advanceStep()
        case .forward:
            return advanceStep()
        case .sampling(let next):
            let following = consumeLogitsRow(next, now: now)
            phase = following < rows.count ? .sampling(next: following) : .idle
            return .working
        }
    }

    /// Consumes a row of logits; returns the index of the next that is good.
    private mutating func consumeLogitsRow(_ index: Int, now: Instant) -> Int {
        let row = rows[index]
        consume(row, at: index, now: now)
        guard let draftToken = row.draftToken, !verifyDraft(draftToken, of: row.generation) else { return index + 1 }
        return rows[index...].firstIndex { $0.generation !== row.generation } ?? rows.count
    }

    /// Records how long the step has taken whose last row has just been consumed.
    private mutating func recordStep(now: Instant) {
        guard let began = stepBeganAt else { return }
        stepBeganAt = nil
        var decodingSequences = 0
        var promptTokens = 0
        var draftTokens = 0
        for participant in participants {
            if participant.isPrompt { promptTokens += participant.tokenCount } else { decodingSequences += 1 }
            draftTokens += participant.draftCount
        }
        guard draftTokens == 0 else {
            return costs.record(draftStep: now - began, decodingSequences: decodingSequences, draftTokens: draftTokens)
        }
        costs.record(step: now - began, decodingSequences: decodingSequences, promptTokens: promptTokens)
    }

    private mutating func advanceStep() -> Progress {
        guard model.advance() else { return .working }
        statistics.steps += 1
        statistics.batchSize.observe(UInt64(participants.count))
        hasAbandonedLastStep = false
        for participant in participants {
            participant.generation.cachedCount += participant.tokenCount - participant.draftCount
            let work =
                participant.isPrompt ? participant.tokenCount : EngineLimits.decodeTokenWork + participant.draftCount
            participant.generation.account.charge(work)
            guard participant.isPrompt else { continue }
            statistics.promptTokens += UInt64(participant.tokenCount)
            completePrompt(participant.generation)
        }
        releaseCancelled()
        phase = rows.isEmpty ? .idle : .sampling(next: 0)
        return .working
    }

    /// A prompt that has just been computed is there for others who begin alike, while its reply is still being made.
    private mutating func completePrompt(_ generation: Generation) {
        guard !generation.isPromptComputed, generation.cachedCount >= generation.promptCount else { return }
        generation.isPromptComputed = true
        keepPrefix(of: generation)
    }

    // MARK: Cancellation

    func isInStep(_ generation: Generation) -> Bool {
        isStepUnderWay && participants.contains { $0.generation === generation }
    }

    /// Whether the step under way is more for clients that have left than for the others. Two steps in a row are not
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
        return wanted == 0 || (unwanted > wanted && !hasAbandonedLastStep)
    }

    /// Drops the step under way. It has changed no sequence's state, so that the others simply take part in the next.
    mutating func abandonStep() {
        model.abandon()
        phase = .idle
        stepBeganAt = nil
        hasAbandonedLastStep = true
        statistics.abandonedSteps += 1
        releaseCancelled()
    }

    private mutating func releaseCancelled() {
        for index in running.indices.reversed() where running[index].isCancelled { release(at: index) }
    }

    // MARK: The end of a generation

    mutating func finish(_ generation: Generation, _ reason: FinishReason, now: Instant) {
        if let index = running.firstIndex(where: { $0 === generation }) {
            release(at: index)
            costs.record(slotTime: now - generation.slotTakenAt)
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
