import Engine
import HexaVM
import Law
import ModelFormats
import MonotonicTime
import Programs
import Tokenizers
import Transformer

/// What the model does for runs: their requests, and its answers to them.
extension Server where LM: ~Copyable {
    mutating func serve(_ request: consuming ModelRequest, _ exchange: ProgramExchange, now: Instant) {
        do throws(KernelError) {
            switch consume request {
            case .infer(let permit, let options):
                exchange.awaited = try submit(permit, try self.request(options, now: now), exchange, now: now)
            case .openStream(let permit, let options):
                exchange.streams.append(try submit(permit, try self.request(options, now: now), exchange, now: now))
                exchange.run.answer(.handle(UInt64(exchange.streams.count - 1)))
            case .nextPiece(let permit, let stream): try awaitPiece(permit, of: stream, exchange)
            case .tokenize(let permit, let text):
                exchange.run.answer(.array(try tokenize(permit, text).map { .int(Int64($0)) }))
            case .detokenize(let permit, let numbers): exchange.run.answer(.string(try detokenize(permit, numbers)))
            case .extend(let permit, let cache, let text, let isFirst):
                let tokens = try tokens(ofProgramText: text, addSpecial: isFirst)
                try exchange.run.extend(permit, cache, by: tokens)
            case .score(let permit, let tokens):
                var request = GenerationRequest(prompt: tokens, maxTokens: 0, sampling: .greedy)
                request.scoresVocabulary = true
                exchange.awaited = try submit(permit, request, exchange, now: now)
            case .sample(let permit, let row, let options):
                exchange.run.answer(.int(Int64(try Self.token(permit, drawnFrom: row, options))))
            }
        } catch {
            exchange.run.answer(error)
        }
    }

    // MARK: Tokens

    private func tokenize(
        _ permit: consuming Permit<Read, TokenizerTarget>, _ text: [UInt8]
    ) throws(KernelError) -> [TokenID] {
        try tokens(ofProgramText: text, addSpecial: false)
    }

    private func detokenize(
        _ permit: consuming Permit<Read, TokenizerTarget>, _ numbers: [Int64]
    ) throws(KernelError) -> [UInt8] {
        let tokens = numbers.compactMap { TokenID(exactly: $0) }
        guard tokens.count == numbers.count else { throw KernelError(.value, "a token is out of range") }
        return try tokenizer().decode(tokens, renderSpecial: true)
    }

    private func tokenizer() throws(KernelError) -> Tokenizer {
        guard let service else { throw KernelError(.unavailable, "the model is being loaded") }
        return service.tokenizer
    }

    private func tokens(ofProgramText text: [UInt8], addSpecial: Bool) throws(KernelError) -> [TokenID] {
        guard let service else { throw KernelError(.unavailable, "the model is being loaded") }
        do throws(TokenLimitExceeded) {
            return try service.tokenizer.encode(
                text.span, addSpecial: addSpecial, parseSpecial: true,
                limit: max(Limits.tokenizedTokens, service.engine.contextLength))
        } catch {
            throw KernelError(.value, "the text has more than \(error.limit) tokens")
        }
    }

    private static func token(
        _ permit: consuming Permit<Infer, ModelTarget>, drawnFrom row: [Float], _ options: SamplingOptions
    ) throws(KernelError) -> TokenID {
        var sampler: Sampler
        do throws(SamplingParameterError) {
            sampler = try Sampler(SamplingParameters(options), vocabularySize: row.count)
        } catch {
            throw KernelError(.value, error.description)
        }
        var row = row
        var logits = row.mutableSpan
        return sampler.sample(&logits)
    }

    // MARK: Generations

    private func request(_ options: InferenceOptions, now: Instant) throws(KernelError) -> GenerationRequest {
        let prompt: [TokenID]
        do throws(APIError) {
            prompt = try tokens(of: options, now: now)
        } catch {
            throw KernelError(.unavailable, error.message)
        }
        var request = GenerationRequest(
            prompt: prompt, maxTokens: options.maxTokens, sampling: SamplingParameters(options.sampling))
        request.stopStrings = options.stop
        return request
    }

    private mutating func submit(
        _ permit: consuming Permit<Infer, ModelTarget>, _ request: GenerationRequest, _ exchange: ProgramExchange,
        now: Instant
    ) throws(KernelError) -> ProgramReply {
        do throws(APIError) {
            return try submit(permit, request, now: now)
        } catch {
            let kind: ErrorKind =
                switch error.status {
                case 400: .value
                case 403, 429: .denied
                default: .unavailable
                }
            throw KernelError(kind, error.message)
        }
    }

    private mutating func submit(
        _ permit: consuming Permit<Infer, ModelTarget>, _ request: GenerationRequest, now: Instant
    ) throws(APIError) -> ProgramReply {
        guard let service else { throw .loading }
        let subject = permit.subject
        let pages = service.engine.pageCountMax(promptTokens: request.prompt.count, maxTokens: request.maxTokens)
        let claim = QuotaClaim(promptTokens: request.prompt.count, keyValuePages: pages)
        let lease = try admit(claim, subject, now: now)
        do throws(GenerationRejection) {
            var request = request
            request.weight = law.weight(of: subject)
            return ProgramReply(id: try service.engine.submit(request, permit: permit, now: now), lease: lease)
        } catch {
            lease.release(to: &law)
            throw APIError(error, promptParameter: "prompt")
        }
    }

    private func tokens(of options: InferenceOptions, now: Instant) throws(APIError) -> [TokenID] {
        switch options.prompt {
        case .message(let text):
            return try chatPrompt(now: now).tokens(of: [ChatMessage(role: "user", content: text)])
        case .text(let text): return try tokens(ofText: text)
        case .tokens(let tokens): return tokens
        }
    }

    // MARK: Replies

    /// Passes on what a generation of a run's has put out; false when it is no run's.
    mutating func deliverToProgram(now: Instant) -> Bool {
        for exchange in programs.runs {
            if let reply = exchange.awaited, reply.id == output.id {
                take(output, into: reply, now: now)
                if reply.isFinished { answerInference(exchange, reply) }
                return true
            }
            if let stream = exchange.streams.first(where: { $0.id == output.id }) {
                take(output, into: stream, now: now)
                answerStream(exchange)
                return true
            }
        }
        return false
    }

    private mutating func take(_ output: borrowing GenerationOutput, into reply: ProgramReply, now: Instant) {
        reply.pending += output.text
        reply.lease?.charge(to: &law, generatedTokens: output.generatedTokenCount, now: now)
        if output.finish != nil { reply.isFinished = true }
    }

    private mutating func answerInference(_ exchange: ProgramExchange, _ reply: ProgramReply) {
        exchange.awaited = nil
        release(reply.lease.take())
        if output.finish == .outOfMemory, reply.pending.isEmpty {
            exchange.run.answer(KernelError(.unavailable, "there is too little KV memory for this prompt"))
        } else if !output.vocabulary.isEmpty {
            exchange.run.answer(.array(output.vocabulary.map { .float(Double($0)) }))
        } else {
            exchange.run.answer(.string(reply.pending))
        }
    }

    /// The run waits for a stream's next piece.
    private mutating func awaitPiece(
        _ permit: consuming Permit<Infer, ModelTarget>, of stream: UInt64, _ exchange: ProgramExchange
    ) throws(KernelError) {
        guard let index = Int(exactly: stream), exchange.streams.indices.contains(index) else {
            throw KernelError(.value, "there is no such stream")
        }
        exchange.awaitedStream = exchange.streams[index]
        answerStream(exchange)
    }

    /// Answers the run that waits for a stream's next piece, once there is one or the stream has ended.
    private mutating func answerStream(_ exchange: ProgramExchange) {
        guard let stream = exchange.awaitedStream else { return }
        if !stream.pending.isEmpty {
            exchange.run.answer(.string(stream.pending))
            stream.pending = []
        } else if stream.isFinished {
            exchange.run.answer(.void)
        } else {
            return
        }
        exchange.awaitedStream = nil
        if stream.isFinished { release(stream.lease.take()) }
    }
}

extension SamplingParameters {
    fileprivate init(_ options: SamplingOptions) {
        self.init()
        temperature = Float(options.temperature)
        topK = options.topK
        topP = Float(options.topP)
        minP = Float(options.minP)
        seed = options.seed
    }
}
