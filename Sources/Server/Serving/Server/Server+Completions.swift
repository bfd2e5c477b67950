import Engine
import Tokenizers
import Transformer
import HTTP
import JSON
import Law
import ModelFormats
import MonotonicTime
import Tokenizers

/// Taking in completions: from a request's prompts to generations in the engine.
extension Server where LM: ~Copyable {
    /// What both routes come to: prompts in tokens, and how each is continued.
    private struct Task {
        var form: CompletionEncoder.Form
        var prompts: [[TokenID]]
        /// What the text of each prompt's choices begins with.
        var echoes: [[UInt8]]
        var parameters: GenerationParameters
        var maxTokens: Int
        var topLogProbabilities: Int?
        var scoresPrompt: Bool

        /// The parameter that holds the prompt.
        var promptParameter: String { form == .chat ? "messages" : "prompt" }

        func request(_ prompt: [TokenID]) -> GenerationRequest {
            var request = GenerationRequest(prompt: prompt, maxTokens: maxTokens, sampling: parameters.sampling)
            request.stopStrings = parameters.stopStrings
            request.ignoresEndOfGeneration = parameters.ignoresEndOfGeneration
            request.topLogProbabilities = topLogProbabilities
            request.scoresPrompt = scoresPrompt
            request.priority = parameters.priority
            return request
        }
    }

    mutating func beginChat(
        _ body: RequestObject, _ capability: borrowing Capability, on connection: Connection, now: Instant
    ) throws(APIError) {
        let request = try ChatCompletionRequest(body)
        // Nothing is rendered for somebody who may not infer.
        let permit = try permit(capability, Infer.self, on: .model, now: now)
        try checkServing()
        let prompt = try chatPrompt(now: now).tokens(of: request.messages)
        let task = Task(
            form: .chat, prompts: [prompt], echoes: [[]],
            parameters: request.parameters, maxTokens: request.parameters.maxTokens ?? .max,
            topLogProbabilities: request.topLogProbabilities, scoresPrompt: false)
        try begin(task, firstPermit: permit, capability, on: connection, now: now)
    }

    mutating func beginCompletion(
        _ body: RequestObject, _ capability: borrowing Capability, on connection: Connection, now: Instant
    ) throws(APIError) {
        let request = try CompletionRequest(body)
        let permit = try permit(capability, Infer.self, on: .model, now: now)
        try checkServing()
        var prompts: [[TokenID]] = []
        var echoes: [[UInt8]] = []
        for prompt in request.prompts {
            prompts.append(try tokens(of: prompt))
            echoes.append(request.isEchoed ? try text(of: prompt) : [])
        }
        let task = Task(
            form: .text, prompts: prompts, echoes: echoes, parameters: request.parameters,
            maxTokens: request.parameters.maxTokens ?? Limits.completionTokensDefault,
            topLogProbabilities: request.topLogProbabilities, scoresPrompt: request.isEchoed)
        try begin(task, firstPermit: permit, capability, on: connection, now: now)
    }

    private func checkServing() throws(APIError) {
        if isDraining { throw .draining }
        if service == nil { throw .loading }
    }

    // MARK: Prompts

    func chatPrompt(now: Instant) throws(APIError) -> ChatPrompt {
        guard let service else { throw .loading }
        return ChatPrompt(
            tokenizer: service.tokenizer, template: service.template, contextLength: service.engine.contextLength,
            unixSeconds: Int64(clamping: unixSeconds(at: now)))
    }

    private func tokens(of prompt: CompletionRequest.Prompt) throws(APIError) -> [TokenID] {
        switch prompt {
        case .tokens(let tokens):
            return tokens
        case .text(let text):
            let tokens = try tokens(ofText: text)
            let start = service?.tokenizer.beginOfSequence ?? service?.tokenizer.endOfSequence
            return tokens.isEmpty ? start.map { [$0] } ?? [] : tokens
        }
    }

    /// The tokens of a prompt that is continued as it stands.
    func tokens(ofText text: [UInt8]) throws(APIError) -> [TokenID] {
        guard let service else { throw .loading }
        let contextLength = service.engine.contextLength
        let limit = Limits.promptContextsCounted * contextLength
        do throws(TokenLimitExceeded) {
            return try service.tokenizer.encode(text.span, addSpecial: true, parseSpecial: true, limit: limit)
        } catch {
            throw .promptTooLong("prompt", contextLength: contextLength, limit: limit)
        }
    }

    private func text(of prompt: CompletionRequest.Prompt) throws(APIError) -> [UInt8] {
        guard let tokenizer = service?.tokenizer else { throw .loading }
        switch prompt {
        case .tokens(let tokens): return tokenizer.decode(tokens, renderSpecial: true)
        case .text(let text): return text
        }
    }

    // MARK: Submission

    private mutating func begin(
        _ task: Task, firstPermit: consuming Permit<Infer, ModelTarget>, _ capability: borrowing Capability,
        on connection: Connection, now: Instant
    ) throws(APIError) {
        guard let service else { throw .loading }
        try checkRoom(for: task, of: firstPermit.subject, in: service)
        let lease = try admit(task, capability.subject, to: service, now: now)
        let seed = task.parameters.seed ?? random.next()
        var generations: [GenerationID] = []
        var echoes: [[UInt8]] = []
        var unspent: Permit<Infer, ModelTarget>? = consume firstPermit
        do throws(APIError) {
            for (index, prompt) in task.prompts.enumerated() {
                var primary: GenerationID?
                for choice in 0..<task.parameters.choiceCount {
                    var request = task.request(prompt)
                    request.weight = law.weight(of: capability.subject)
                    // Different seeds make the choices differ, and the same request the same choices.
                    request.sampling.seed = seed &+ UInt64(choice)
                    request.primary = primary
                    // One permit for each sequence; the first was asked for before anything was computed.
                    if let permit = unspent.take() {
                        generations.append(try submit(request, permit, to: service, for: task, now: now))
                    } else {
                        let permit = try permit(capability, Infer.self, on: .model, now: now)
                        generations.append(try submit(request, permit, to: service, for: task, now: now))
                    }
                    // The choices of a prompt share what the first of them computes.
                    if primary == nil, !task.scoresPrompt { primary = generations.last }
                    echoes.append(task.echoes[index])
                }
            }
        } catch {
            for id in generations { service.engine.cancel(id) }
            lease.release(to: &law)
            throw error
        }
        let encoder = CompletionEncoder(
            form: task.form, id: random.id(prefix: task.form == .chat ? "chatcmpl-" : "cmpl-"),
            created: Int(clamping: unixSeconds(at: now)),
            model: service.card.id, topLogProbabilities: task.topLogProbabilities,
            includesUsage: task.parameters.includesUsage, tokenizer: service.tokenizer)
        let exchange = Exchange(
            connection: connection.id, parameters: task.parameters,
            promptTokens: task.prompts.reduce(0) { $0 + $1.count }, generations: generations, echoes: echoes,
            encoder: encoder, lease: lease)
        connection.exchange = exchange
        exchanges.append(exchange)
    }

    /// All of a request's sequences are taken, or none.
    private func checkRoom(for task: Task, of subject: SubjectID, in service: LoadedModel<LM>) throws(APIError) {
        do throws(GenerationRejection) {
            try service.engine.checkRoom(for: task.prompts.count * task.parameters.choiceCount, of: subject)
        } catch {
            throw APIError(error, promptParameter: task.promptParameter)
        }
    }

    /// Takes the request into its subject's quotas.
    private mutating func admit(
        _ task: Task, _ subject: SubjectID, to service: LoadedModel<LM>, now: Instant
    ) throws(APIError) -> QuotaLease {
        var claim = QuotaClaim(promptTokens: 0, keyValuePages: 0)
        for prompt in task.prompts {
            let pages = service.engine.pageCountMax(promptTokens: prompt.count, maxTokens: task.maxTokens)
            claim.promptTokens += prompt.count
            claim.keyValuePages += pages * task.parameters.choiceCount
        }
        return try admit(claim, subject, now: now)
    }

    /// Takes what a request will use into its subject's quotas.
    mutating func admit(_ claim: QuotaClaim, _ subject: SubjectID, now: Instant) throws(APIError) -> QuotaLease {
        do throws(QuotaExceeded) {
            return try law.admit(subject, claim, now: now)
        } catch {
            throw .quotaExceeded(error)
        }
    }

    private func submit(
        _ request: GenerationRequest, _ permit: consuming Permit<Infer, ModelTarget>, to service: LoadedModel<LM>,
        for task: Task, now: Instant
    ) throws(APIError) -> GenerationID {
        do throws(GenerationRejection) {
            return try service.engine.submit(request, permit: permit, now: now)
        } catch {
            throw APIError(error, promptParameter: task.promptParameter)
        }
    }
}
