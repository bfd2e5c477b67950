import ModelFormats
import MonotonicTime
import Transformer

/// One sequence that is being continued, from its arrival to its last output.
///
/// What the model still has to see is what `tokens` has beyond `cachedCount`: a single token for a sequence that
/// decodes, several for one whose prompt is not through yet. Nothing else distinguishes the two.
///
/// A class, because the engine lends parts of it to the model's closures while the engine itself is being changed.
final class Generation {
    enum State {
        case waiting
        case running(SequenceID)
        case finished(FinishReason)
    }

    let id: GenerationID
    /// Whose work it is.
    let account: Account
    /// Where it stands in its subject's queue: its arrival, moved by its priority.
    let rank: Instant
    let promptCount: Int
    /// Tokens after which the generation ends: the prompt and the most that may be generated.
    let countMax: Int
    let ignoresEndOfGeneration: Bool
    let topLogProbabilities: Int?
    let scoresPrompt: Bool
    let scoresVocabulary: Bool

    var state = State.waiting
    /// The prompt and what has been generated.
    var tokens: [TokenID]
    /// Tokens whose keys and values the model holds.
    var cachedCount = 0
    /// Prompt tokens that an earlier sequence had left when this one was first admitted; nil before.
    var promptCachedCount: Int?
    /// Prompt tokens that had to be computed, as of its arrival.
    var promptWork = 0
    /// The generation whose prompt is the same and which computes it for both.
    var primary: Generation?
    /// Whether all of the prompt has been computed, once at least.
    var isPromptComputed = false
    /// Prompt tokens whose log-probability is known. The first has none, and a moved sequence is not scored again.
    var scoredCount = 0
    /// Tokens the sequence may grow to before it must move to a larger reservation.
    var reservedCount = 0
    var sampler: Sampler
    var draftPolicy = DraftPolicy()
    var text: TextStream

    /// Output that has not been taken yet.
    var output = GenerationOutput()
    /// Scored tokens whose text is not out yet, with where it starts and ends in the text.
    var heldTokens: [HeldToken] = []
    var isReady = false
    /// Whether the client is behind with reading: then nothing is generated for it.
    var isPaused = false
    /// Cancelled while a step it takes part in is under way: it is freed when the step ends.
    var isCancelled = false

    /// Whether it waits only to come back with a larger reservation.
    var hasMoved = false

    let submittedAt: Instant
    /// When it last joined the queue, and when it last got a slot.
    var queuedAt: Instant
    var slotTakenAt: Instant
    var lastTokenAt: Instant?

    struct HeldToken {
        var token: ScoredToken
        var textRange: Range<Int>
    }

    init(
        id: GenerationID, request: GenerationRequest, account: Account, contextLength: Int,
        sampler: Sampler, now: Instant
    ) {
        self.id = id
        self.account = account
        let priority = min(max(request.priority, EngineLimits.priorityMin), EngineLimits.priorityMax)
        rank = now + EngineLimits.priorityStep * UInt64(priority - EngineLimits.priorityMin)
        promptCount = request.prompt.count
        countMax = promptCount + min(max(request.maxTokens, 0), contextLength - promptCount)
        ignoresEndOfGeneration = request.ignoresEndOfGeneration
        topLogProbabilities = request.topLogProbabilities
        scoresPrompt = request.scoresPrompt && request.topLogProbabilities != nil
        scoresVocabulary = request.scoresVocabulary
        tokens = request.prompt
        text = TextStream(stopStrings: request.stopStrings)
        self.sampler = sampler
        submittedAt = now
        queuedAt = now
        slotTakenAt = now
    }

    var generatedCount: Int { tokens.count - promptCount }
    /// Tokens the model has not seen.
    var missingCount: Int { tokens.count - cachedCount }
    /// Whether it comes before `other` in the queue of one subject.
    func precedes(_ other: Generation) -> Bool {
        rank == other.rank ? id.serial < other.id.serial : rank < other.rank
    }
    /// Whether its next step takes one token: it decodes.
    var isDecoding: Bool { missingCount == 1 && !needsPromptScores }
    /// Whether it waits for its primary to have computed the prompt.
    var isPrimaryBehind: Bool {
        guard let primary, !primary.isCancelled, !primary.isPromptComputed else { return false }
        if case .finished = primary.state { return false }
        return true
    }
    /// Whether there is anything to compute for it.
    var hasWork: Bool { tokens.count < countMax || needsPromptScores || scoresVocabulary }
    /// Whether prompt tokens still lack their log-probability.
    var needsPromptScores: Bool { scoresPrompt && scoredCount < promptCount }
}

extension Generation {
    /// Records a generated token. Its text goes out, unless a stop string may begin in it.
    func append(_ scored: ScoredToken, bytes: Span<UInt8>) {
        tokens.append(scored.token)
        let start = text.extent
        _ = text.append(bytes)
        if topLogProbabilities != nil {
            heldTokens.append(HeldToken(token: scored, textRange: start..<max(start, text.extent)))
        }
        releaseOutput()
    }

    /// An end-of-generation token: counted, but no text.
    func appendSilently(_ token: TokenID) {
        tokens.append(token)
    }

    /// The prompt's next token and its log-probability. Prompt text is the client's own: nothing is held back.
    func appendPromptScore(_ scored: ScoredToken) {
        output.tokens.append(scored)
        scoredCount += 1
    }

    /// No token comes any more: lets out what was held back, except for what a stop string has cut off.
    func finish(_ reason: FinishReason) {
        text.finish()
        state = .finished(reason)
        output.finish = reason
        text.take(to: &output.text)
        for held in heldTokens where held.textRange.lowerBound < text.takenCount { output.tokens.append(held.token) }
        heldTokens.removeAll()
    }

    /// Swaps what there is for `taken`'s emptied buffers.
    func takeOutput(_ taken: inout GenerationOutput) {
        taken.text.removeAll(keepingCapacity: true)
        taken.tokens.removeAll(keepingCapacity: true)
        swap(&taken.text, &output.text)
        swap(&taken.tokens, &output.tokens)
        taken.vocabulary = output.vocabulary
        output.vocabulary = []
        taken.id = id
        taken.finish = output.finish
        taken.promptTokenCount = promptCount
        taken.cachedPromptTokenCount = promptCachedCount ?? 0
        taken.generatedTokenCount = generatedCount
    }

    private func releaseOutput() {
        text.take(to: &output.text)
        var releasedCount = 0
        while releasedCount < heldTokens.count, heldTokens[releasedCount].textRange.upperBound <= text.takenCount {
            output.tokens.append(heldTokens[releasedCount].token)
            releasedCount += 1
        }
        heldTokens.removeFirst(releasedCount)
    }

    var hasOutput: Bool { !output.text.isEmpty || !output.tokens.isEmpty || output.finish != nil }
}
