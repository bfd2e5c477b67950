import Model
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
        if !isPassUnderWay { recordPass(now: now) }
        switch phase {
        case .idle:
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
            if next < rows.count { harvest(rows[next], row: next, now: now) }
            phase = next + 1 < rows.count ? .harvest(next: next + 1) : .idle
            return .working
        }
    }

    /// Tells the pacer how long the pass has taken that the step before this one completed.
    private mutating func recordPass(now: Instant) {
        guard let began = passBeganAt else { return }
        passBeganAt = nil
        var decodingSequences = 0
        var promptTokens = 0
        for participant in participants {
            if participant.isPrompt { promptTokens += participant.tokenCount } else { decodingSequences += 1 }
        }
        pacer.record(now - began, decodingSequences: decodingSequences, promptTokens: promptTokens)
    }

    private mutating func advancePass() -> StepResult {
        guard model.advance() else { return .working }
        statistics.passes += 1
        hasAbandonedLastPass = false
        for participant in participants {
            participant.generation.cachedCount += participant.tokenCount
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

    /// Frees a running generation's place and KV memory.
    mutating func release(at index: Int) {
        let generation = running.remove(at: index)
        keepPrefix(of: generation)
        if case .running(let sequence) = generation.state { model.closeSequence(sequence) }
        generation.cachedCount = 0
        generation.reservedCount = 0
    }

    // MARK: The end of a generation, and its moves

    mutating func finish(_ generation: Generation, _ reason: FinishReason, now: Instant) {
        if let index = running.firstIndex(where: { $0 === generation }) { release(at: index) }
        generation.finish(reason)
        statistics.finishedGenerations += 1
        statistics.timeToLastToken.observe(now - generation.submittedAt)
        markReady(generation)
    }

    /// Puts a generation that has outgrown its reservation at the head of the queue: it comes back with a larger one,
    /// and finds its tokens among the prefixes, unless others have needed the memory.
    mutating func moveToLargerReservation(_ generation: Generation) {
        guard let index = running.firstIndex(where: { $0 === generation }) else { return }
        release(at: index)
        generation.state = .waiting
        waiting.insert(generation, at: 0)
    }

    mutating func markReady(_ generation: Generation) {
        guard generation.hasOutput, !generation.isReady else { return }
        generation.isReady = true
        ready.append(generation)
    }
}
