import Transformer
import ModelFormats
import MonotonicTime

/// Decoding several tokens of a sequence in one step: draft tokens are computed along, and kept as far as the sampler
/// chooses them. The text is the same as without, for greedy and for seeded sampling: the sampler sees the same rows
/// in the same order.
extension Engine where LM: ~Copyable {
    /// Fills `draft` with the generation's last token and draft tokens behind it; returns how many those are.
    mutating func makeDraft(for generation: Generation, decodingSequences: Int) -> Int {
        draft.removeAll(keepingCapacity: true)
        draft.append(generation.tokens[generation.tokens.count - 1])
        let decodeStep = costs.decodeStep(of: decodingSequences)
        // Nothing is drafted before it is known what a step takes without, or at the end of a prompt.
        guard generation.generatedCount > 0, decodeStep > .zero else { return 0 }
        let stepRoom = min(configuration.draftStepTokensMax, model.batchCapacity) - batch.tokens.count
        let othersCount = decodingSequences - participants.count
        let room = min(generation.reservedCount, generation.countMax - 1) - generation.tokens.count
        let limit = min(stepRoom - othersCount, room)
        guard limit > 0 else { return 0 }
        let count = generation.draftPolicy.draftCount(
            limit: limit, sequences: decodingSequences, decodeStep: decodeStep, draftToken: costs.draftToken)
        PromptLookup.appendDraft(after: generation.tokens, count: max(count, 1), to: &draft)
        guard draft.count > 1 else { return 0 }
        guard count > 0 else {
            generation.draftPolicy.recordSkipped()
            draft.removeLast(draft.count - 1)
            return 0
        }
        statistics.draftedTokens += UInt64(draft.count - 1)
        return draft.count - 1
    }

    /// Compares the token just sampled with the draft token that the step went on from; false when they differ. What
    /// the step computed from there is then forgotten.
    mutating func verifyDraft(_ draftToken: TokenID, of generation: Generation) -> Bool {
        // The generation may have ended or moved with the token, and its client may have left before.
        guard case .running(let sequence) = generation.state, !generation.isCancelled else { return false }
        let isAccepted = generation.tokens[generation.tokens.count - 1] == draftToken
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
