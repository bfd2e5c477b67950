import Transformer
import ModelFormats
import MonotonicTime

/// Decoding several tokens of a sequence in one pass: guesses are computed along, and kept as far as they are what the
/// sampler chooses. The text is the same as without, for greedy and for seeded sampling: the sampler sees the same rows
/// in the same order.
extension Engine where LM: ~Copyable {
    /// Fills `draft` with the generation's last token and guesses of what follows it; the guesses' number.
    mutating func makeDraft(for generation: Generation, decodingSequences: Int) -> Int {
        draft.removeAll(keepingCapacity: true)
        draft.append(generation.tokens[generation.tokens.count - 1])
        let decodePass = costs.decodePass(of: decodingSequences)
        // Nothing is guessed before it is known what a pass takes without, or at the end of a prompt.
        guard generation.generatedCount > 0, decodePass > .zero else { return 0 }
        let passRoom = min(configuration.draftPassTokensMax, model.batchCapacity) - batch.tokens.count
        let othersCount = decodingSequences - participants.count
        let room = min(generation.reservedCount, generation.countMax - 1) - generation.tokens.count
        let limit = min(passRoom - othersCount, room)
        guard limit > 0 else { return 0 }
        let count = generation.draftPolicy.draftCount(
            limit: limit, sequences: decodingSequences, decodePass: decodePass, draftToken: costs.draftToken)
        PromptLookup.guess(generation.tokens, count: max(count, 1), into: &draft)
        guard draft.count > 1 else { return 0 }
        guard count > 0 else {
            generation.draftPolicy.recordSkipped()
            draft.removeLast(draft.count - 1)
            return 0
        }
        statistics.draftedTokens += UInt64(draft.count - 1)
        return draft.count - 1
    }

    /// Compares the token just sampled with the guess that the pass went on from; false when the rest of the pass was
    /// for nothing. It is then forgotten.
    mutating func checkGuess(_ guess: TokenID, of generation: Generation) -> Bool {
        // The generation may have ended or moved with the token, and its client may have left before.
        guard case .running(let sequence) = generation.state, !generation.isCancelled else { return false }
        let isAccepted = generation.tokens[generation.tokens.count - 1] == guess
        generation.draftPolicy.record(isAccepted: isAccepted)
        if isAccepted {
            generation.cachedCount += 1
            statistics.acceptedTokens += 1
        } else {
            model.truncate(sequence, to: generation.cachedCount)
        }
        return isAccepted
    }
}
