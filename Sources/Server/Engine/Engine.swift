import Law
import ModelFormats
import MonotonicTime
import Tokenizers
import Transformer

/// Continues many token sequences with one model. A step is a forward pass and the sampling of its tokens.
///
/// Every step carries one token of each sequence that decodes and a bounded piece of one or two prompts, so that
/// streams keep their cadence while prompts get through. `advance` runs a part of a step (about a layer of
/// the pass, or the sampling of one token): its caller can look at the network in between.
public struct Engine<LM: LanguageModel & ~Copyable>: ~Copyable {
    /// Where the engine is in its cycle.
    enum Phase {
        case idle
        /// A step is under way.
        case forward
        /// The step is complete; `rows[next]` is the next row of logits to use.
        case sampling(next: Int)
    }

    /// What a row of logits is for.
    struct Row {
        var generation: Generation
        /// The prompt position whose successor the row scores; nil when the row's token is not scored.
        var scoresAfter: Int?
        /// Whether the row gives the generation's next token.
        var samples: Bool
        /// The draft of that token, from which the step went on: the next row is good only if it is what is sampled.
        var draftToken: TokenID?
    }

    /// A generation's part of the step.
    struct Participant {
        var generation: Generation
        var tokenCount: Int
        /// Whether the tokens are a prompt's, or those of a sequence that has moved.
        var isPrompt: Bool
        /// How many of the tokens are draft tokens.
        var draftCount = 0
    }

    var model: LM
    let tokenizer: Tokenizer
    let configuration: EngineConfiguration

    var phase = Phase.idle
    var batch = Batch()
    var participants: [Participant] = []
    var rows: [Row] = []
    /// Prompts take turns: the oldest one, then the one that is nearest to its end.
    var isOldestPromptsTurn = true
    let chunkBudget: PrefillChunkBudget
    var costs: MeasuredCosts
    var accounts = Accounts()
    /// When the step began that is under way, or whose rows are being used.
    var stepBeganAt: Instant?
    /// Whether the step before this one was abandoned: then this one is completed, whichever clients leave.
    var hasAbandonedLastStep = false

    /// In no order: see `Engine+Admission.swift`.
    var waiting: [Generation] = []
    /// In order of admission.
    var running: [Generation] = []
    /// Generations with output to take.
    var ready: [Generation] = []

    /// What earlier sequences have left for later ones.
    var prefixes: PrefixCache
    /// What the sequence being opened shares; kept for its storage.
    var prefix = KVPrefix()

    /// Kept so that a token allocates nothing: its bytes, and its row of logits when it is scored.
    var tokenBytes: [UInt8] = []
    var scoringRow: [Float] = []
    var draft: [TokenID] = []
    var nextSerial: UInt64 = 1
    var statistics = EngineStatistics()

    public init(model: consuming LM, tokenizer: Tokenizer, configuration: EngineConfiguration = EngineConfiguration()) {
        var configuration = configuration
        // A full house of decoding sequences must leave room in the batch for a prompt token.
        configuration.runningMax = max(1, min(configuration.runningMax, model.batchCapacity - 1))
        configuration.prefillChunkTokens = max(1, configuration.prefillChunkTokens)
        configuration.prefillChunkTokensWhileDecoding = max(1, configuration.prefillChunkTokensWhileDecoding)
        prefixes = PrefixCache(pageCount: model.pageCount, tokensPerPage: model.tokensPerPage)
        chunkBudget = PrefillChunkBudget(gapMax: configuration.serviceLevel.timeBetweenTokensMax)
        costs = MeasuredCosts(sequencesMax: configuration.runningMax)
        self.model = model
        self.tokenizer = tokenizer
        self.configuration = configuration
    }

    /// The most tokens a prompt and its reply can have together.
    public var contextLength: Int { model.contextLength }
    public var vocabularySize: Int { model.vocabularySize }
    /// Pages that a sequence may come to hold: for its prompt, and for all that it may generate.
    package func pageCountMax(promptTokens: Int, maxTokens: Int) -> Int {
        let (length, overflow) = promptTokens.addingReportingOverflow(maxTokens)
        let tokens = min(overflow ? .max : length, model.contextLength)
        let tokensPerPage = max(model.tokensPerPage, 1)
        return (tokens + tokensPerPage - 1) / tokensPerPage
    }
    /// Whether nothing waits and nothing runs.
    public var isIdle: Bool { waiting.isEmpty && running.isEmpty }

    var isStepUnderWay: Bool {
        if case .forward = phase { true } else { false }
    }
}

// MARK: - Requests

extension Engine where LM: ~Copyable {
    /// Queues a generation for the permit's subject; the permit is spent here. It uses, and adds to, that subject's
    /// cached prefixes.
    public mutating func submit(
        _ request: GenerationRequest, permit: consuming Permit<Infer, ModelTarget>, now: Instant
    ) throws(GenerationRejection) -> GenerationID {
        try validate(prompt: request.prompt, maxTokens: request.maxTokens)
        let subject = permit.subject
        try checkRoom(for: 1, of: subject)
        var sampler: Sampler
        do throws(SamplingParameterError) {
            sampler = try Sampler(request.sampling, vocabularySize: model.vocabularySize)
        } catch {
            throw .invalidSampling(error)
        }
        sampler.observe(request.prompt)
        let account = accounts.account(of: subject, weight: request.weight)
        let primary = request.primary.flatMap { unfinishedGeneration($0) }
        let promptWork = primary == nil ? uncachedCount(of: request.prompt, for: subject) : 1
        if primary == nil {
            do throws(GenerationRejection) {
                try checkServiceLevel(computing: promptWork, for: account)
            } catch {
                statistics.refusedForFirstToken += 1
                throw error
            }
        }
        let id = GenerationID(serial: nextSerial)
        nextSerial += 1
        let generation = Generation(
            id: id, request: request, account: account, contextLength: model.contextLength,
            sampler: sampler, now: now)
        generation.promptWork = promptWork
        generation.primary = primary
        enqueue(generation, now: now)
        return id
    }

    /// A generation that waits or runs.
    private func unfinishedGeneration(_ id: GenerationID) -> Generation? {
        waiting.first { $0.id == id } ?? running.first { $0.id == id }
    }

    /// Whether `prompt` could be submitted, apart from the room in the queue.
    public func validate(prompt: [TokenID], maxTokens: Int) throws(GenerationRejection) {
        guard !prompt.isEmpty else { throw .promptEmpty }
        let replyMin = maxTokens > 0 ? 1 : 0
        guard prompt.count <= model.contextLength - replyMin else {
            throw .promptTooLong(promptTokens: prompt.count, contextLength: model.contextLength)
        }
        let vocabulary = 0..<TokenID(clamping: model.vocabularySize)
        for token in prompt where !vocabulary.contains(token) { throw .unknownToken(token) }
    }

    /// Stops a generation whose client has gone; no more output comes of it. Its KV memory is free when this returns,
    /// or, when most of the step under way is for others, at the end of that step.
    public mutating func cancel(_ id: GenerationID) {
        ready.removeAll { $0.id == id }
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            dequeue(at: index).isCancelled = true
            statistics.cancelledGenerations += 1
            return
        }
        guard let index = running.firstIndex(where: { $0.id == id }) else { return }
        let generation = running[index]
        guard !generation.isCancelled else { return }
        generation.isCancelled = true
        statistics.cancelledGenerations += 1
        if isInStep(generation) {
            guard isWorthAbandoning(for: generation) else { return }
            abandonStep()
        } else {
            release(at: index)
        }
    }

    /// Holds a generation back while its client does not read; it keeps its KV memory.
    public mutating func setPaused(_ isPaused: Bool, _ id: GenerationID) {
        for generation in running where generation.id == id { generation.isPaused = isPaused }
        for generation in waiting where generation.id == id { generation.isPaused = isPaused }
    }

    /// Hands over the output of the next generation that has some; false when none has.
    public mutating func takeOutput(_ output: inout GenerationOutput) -> Bool {
        guard !ready.isEmpty else { return false }
        let generation = ready.removeFirst()
        generation.isReady = false
        generation.takeOutput(&output)
        return true
    }

    /// What the engine has done and is doing.
    public func statistics(at now: Instant) -> EngineStatistics {
        var snapshot = statistics
        snapshot.waitingCount = waiting.count
        snapshot.runningCount = running.count
        for generation in running {
            snapshot.reservedTokens += generation.reservedCount
            snapshot.cachedTokens += generation.cachedCount
        }
        snapshot.freePageCount = model.freePageCount
        snapshot.prefixPageCount = prefixes.releasableCount(model, atMost: .max)
        snapshot.sequencePageCount = model.pageCount - snapshot.freePageCount - snapshot.prefixPageCount
        return snapshot
    }
}
