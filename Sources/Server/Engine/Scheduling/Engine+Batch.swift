import ModelFormats
import MonotonicTime
import Transformer

/// Which sequences take part in the next step, and with how many tokens.
extension Engine where LM: ~Copyable {
    /// Fills the batch: one token of every sequence that decodes, then prompt tokens.
    mutating func buildBatch() {
        batch.removeAll()
        participants.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        let prompt = nextPrompt()
        let decodingCount = running.count { $0.isDecoding && !$0.isPaused }
        for generation in running where generation.isDecoding && !generation.isPaused {
            // Prompts have better use for the room that a step has beside the streams' tokens.
            addDecoding(generation, drafts: prompt == nil, among: decodingCount)
        }
        var budget = min(promptChunk(decodingSequences: participants.count), model.batchCapacity - participants.count)

        guard let first = prompt else { return }
        isOldestPromptsTurn.toggle()
        budget -= addPrompt(first, budget: budget)
        for generation in running where budget > 0 && generation !== first && isPromptWaiting(generation) {
            budget -= addPrompt(generation, budget: budget)
        }
    }

    /// The prompt tokens that a step may carry beside `count` sequences that decode.
    func promptChunk(decodingSequences count: Int) -> Int {
        let limit = count > 0 ? configuration.prefillChunkTokensWhileDecoding : configuration.prefillChunkTokens
        return chunkBudget.tokenCount(decodingSequences: count, limit: limit, costs)
    }

    /// The prompt whose turn it is, among those of the subject for which least has been computed. The oldest and the
    /// one nearest to its end take turns: a short prompt is not stuck behind a long one, and a long one gets every
    /// other turn however many short ones come.
    private func nextPrompt() -> Generation? {
        var chosen: Generation?
        for generation in running where isPromptWaiting(generation) {
            guard let best = chosen else {
                chosen = generation
                continue
            }
            if isComputed(generation, before: best) { chosen = generation }
        }
        return chosen
    }

    private func isComputed(_ generation: Generation, before other: Generation) -> Bool {
        let (account, otherAccount) = (generation.account, other.account)
        if account.virtualTime != otherAccount.virtualTime { return account.virtualTime < otherAccount.virtualTime }
        if isOldestPromptsTurn { return generation.precedes(other) }
        return generation.missingCount < other.missingCount
    }

    private func isPromptWaiting(_ generation: Generation) -> Bool {
        !generation.isDecoding && !generation.isPaused
    }

    /// Adds the next piece of a prompt; returns how many tokens it took.
    private mutating func addPrompt(_ generation: Generation, budget: Int) -> Int {
        let limit = generation.needsPromptScores ? min(budget, EngineLimits.scoredPromptChunkTokens) : budget
        let tokenCount = min(generation.missingCount, limit)
        addToBatch(generation, tokenCount: tokenCount)
        return tokenCount
    }

    /// Adds a stream's next token, and draft tokens of those behind it.
    private mutating func addDecoding(_ generation: Generation, drafts: Bool, among decodingCount: Int) {
        let draftCount = drafts ? makeDraft(for: generation, decodingSequences: decodingCount) : 0
        guard draftCount > 0, case .running(let sequence) = generation.state else {
            return addToBatch(generation, tokenCount: 1)
        }
        batch.append(draft, to: sequence, logits: .all)
        participants.append(
            Participant(generation: generation, tokenCount: draft.count, isPrompt: false, draftCount: draftCount))
        for index in draft.indices {
            let draftToken = index + 1 < draft.count ? draft[index + 1] : nil
            rows.append(Row(generation: generation, scoresAfter: nil, samples: true, draftToken: draftToken))
        }
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
