import Law
import ModelFormats
import Transformer

/// Opening sequences on what earlier ones have left, and leaving something for later ones.
extension Engine where LM: ~Copyable {
    /// Opens a sequence with room for the generation's tokens and a while of reply; nil when there is no memory for it.
    mutating func openSequence(for generation: Generation) -> SequenceID? {
        // The last token is always computed: it gives the logits. So is every token whose successor is scored.
        let limit = generation.needsPromptScores ? 0 : generation.tokens.count - 1
        prefixes.match(generation.tokens, limit: limit, for: generation.account.subject, into: &prefix)

        // A sequence that has outgrown a reservation comes back with more tokens, and doubles it.
        let replyRoom = max(configuration.replyReservationTokens, generation.generatedCount)
        var reservation = min(generation.countMax, generation.tokens.count + replyRoom)
        var sequence = openSequence(reserving: reservation)
        // Alone with a memory that is smaller than the reservation: whatever fits is better than nothing.
        while sequence == nil, running.isEmpty, reservation > generation.tokens.count + 1 {
            reservation = max(generation.tokens.count + 1, (reservation + generation.tokens.count) / 2)
            sequence = openSequence(reserving: reservation)
        }
        guard let sequence else { return nil }
        prefixes.touch(prefix)
        generation.cachedCount = prefix.tokenCount
        if generation.promptCachedCount == nil { generation.promptCachedCount = prefix.tokenCount }
        generation.reservedCount = reservation
        statistics.prefixHitTokens += UInt64(prefix.tokenCount)
        return sequence
    }

    /// Opens a sequence that begins with `prefix`, at the expense of the other prefixes if need be. A page to copy from
    /// is given up too, when the sequence cannot be had without: a cached prefix never makes a request wait.
    private mutating func openSequence(reserving tokenCount: Int) -> SequenceID? {
        if let sequence = openSequenceHoldingPrefix(reserving: tokenCount) { return sequence }
        let copiedCount = prefix.tokenCount % model.tokensPerPage
        guard copiedCount > 0 else { return nil }
        prefix.removeLast(tokenCount: copiedCount)
        return openSequenceHoldingPrefix(reserving: tokenCount)
    }

    private mutating func openSequenceHoldingPrefix(reserving tokenCount: Int) -> SequenceID? {
        for page in prefix.pages { model.retain(page) }
        let neededCount = (tokenCount + model.tokensPerPage - 1) / model.tokensPerPage
        prefixes.makeRoom(for: neededCount - prefix.tokenCount / model.tokensPerPage, model: &model)
        let sequence = model.openSequence(reserving: tokenCount, sharing: prefix)
        for page in prefix.pages { model.release(page) }
        return sequence
    }

    /// Prompt tokens that would have to be computed now, the last one at least.
    mutating func uncachedCount(of prompt: [TokenID], for subject: SubjectID) -> Int {
        prefixes.match(prompt, limit: prompt.count - 1, for: subject, into: &prefix)
        return prompt.count - prefix.tokenCount
    }

    /// Leaves what a generation's sequence holds to later ones.
    mutating func keepPrefix(of generation: Generation) {
        guard case .running(let sequence) = generation.state else { return }
        prefixes.keep(
            generation.tokens, count: generation.cachedCount, in: sequence, for: generation.account.subject,
            model: &model)
    }
}
