import Model
import MonotonicTime

/// Which sequences take part in the next pass, and with how many tokens.
extension Engine where LM: ~Copyable {
    /// Gives waiting generations a place, oldest first. One that finds no KV memory keeps the others behind it: were it
    /// overtaken for ever by smaller ones, it would never run.
    mutating func admit(now: Instant) {
        while running.count < configuration.runningMax, let index = waiting.firstIndex(where: { !$0.isLeaderBehind }) {
            let generation = waiting[index]
            guard generation.tokens.count < generation.countMax || generation.needsPromptScores else {
                waiting.remove(at: index)
                finish(generation, .length, now: now)
                continue
            }
            guard let sequence = openSequence(for: generation) else {
                guard running.isEmpty else { return }
                waiting.remove(at: index)
                finish(generation, .outOfMemory, now: now)
                continue
            }
            waiting.remove(at: index)
            generation.state = .running(sequence)
            running.append(generation)
        }
    }

    /// Fills the batch: one token of every sequence that decodes, then prompt tokens.
    mutating func buildBatch() {
        batch.removeAll()
        participants.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        for generation in running where generation.isDecoding && !generation.isPaused {
            addToBatch(generation, tokenCount: 1)
        }
        let isAnyoneDecoding = !participants.isEmpty
        let limit = isAnyoneDecoding ? configuration.prefillChunkTokensWhileDecoding : configuration.prefillChunkTokens
        let chunk = pacer.chunk(whileDecoding: isAnyoneDecoding, limit: limit)
        var budget = min(chunk, model.batchCapacity - participants.count)

        guard let first = nextPrompt() else { return }
        isOldestPromptsTurn.toggle()
        budget -= addPrompt(first, budget: budget)
        for generation in running where budget > 0 && generation !== first && isPromptWaiting(generation) {
            budget -= addPrompt(generation, budget: budget)
        }
    }

    /// The prompt whose turn it is. The oldest and the one nearest to its end take turns: a short prompt is not stuck
    /// behind a long one, and a long one gets every other turn however many short ones come.
    private func nextPrompt() -> Generation? {
        var chosen: Generation?
        for generation in running where isPromptWaiting(generation) {
            guard let best = chosen else {
                chosen = generation
                if isOldestPromptsTurn { break }
                continue
            }
            if generation.missingCount < best.missingCount { chosen = generation }
        }
        return chosen
    }

    private func isPromptWaiting(_ generation: Generation) -> Bool {
        !generation.isDecoding && !generation.isPaused
    }

    /// Adds the next piece of a prompt; returns how many tokens it took.
    private mutating func addPrompt(_ generation: Generation, budget: Int) -> Int {
        let limit = generation.needsPromptScores ? min(budget, Limits.scoredPromptChunkTokens) : budget
        let tokenCount = min(generation.missingCount, limit)
        addToBatch(generation, tokenCount: tokenCount)
        return tokenCount
    }

    private mutating func addToBatch(_ generation: Generation, tokenCount: Int) {
        guard tokenCount > 0, case .running(let sequence) = generation.state else { return }
        let range = generation.cachedCount..<(generation.cachedCount + tokenCount)
        let isPrompt = tokenCount > 1 || generation.generatedCount == 0
        let completes = range.upperBound == generation.tokens.count
        let logits: Batch.LogitsWanted = generation.needsPromptScores ? .all : (completes ? .last : .none)
        batch.append(generation.tokens[range], to: sequence, logits: logits)
        participants.append(Participant(generation: generation, tokenCount: tokenCount, isPrompt: isPrompt))
        switch logits {
        case .none: break
        case .last: rows.append(Row(generation: generation, scoresAfter: nil, samples: true))
        case .all:
            for position in range {
                let isLast = position + 1 == generation.tokens.count
                rows.append(Row(generation: generation, scoresAfter: isLast ? nil : position, samples: isLast))
            }
        }
    }
}
