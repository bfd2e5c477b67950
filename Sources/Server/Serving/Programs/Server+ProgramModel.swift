import HexaVM
import Law
import ModelFormats
import MonotonicTime
import Programs
import Tokenizers
import Transformer

/// What the model does for runs: their requests, and its answers to them.
extension Server where LM: ~Copyable {
    mutating func serve(_ request: ModelRequest, _ exchange: ProgramExchange, now: Instant) {
        do throws(KernelError) {
            switch request {
            case .infer(let options):
                try awaitReply(to: try self.request(options, now: now), exchange, now: now)
            case .openStream(let options):
                let (id, lease) = try submit(try self.request(options, now: now), exchange, now: now)
                exchange.streams.append(ProgramStream(id: id, lease: lease))
                exchange.run.answer(.handle(UInt64(exchange.streams.count - 1)))
            case .nextPiece(let stream):
                guard let index = Int(exactly: stream), exchange.streams.indices.contains(index) else {
                    throw KernelError(.value, "there is no such stream")
                }
                exchange.awaitedStream = index
                answerStream(exchange)
            case .tokenize(let text):
                let tokens = try tokenizer().encode(text.span, addSpecial: false, parseSpecial: true)
                exchange.run.answer(.array(tokens.map { .int(Int64($0)) }))
            case .detokenize(let numbers):
                let tokens = numbers.compactMap { TokenID(exactly: $0) }
                guard tokens.count == numbers.count else { throw KernelError(.value, "a token is out of range") }
                exchange.run.answer(.string(try tokenizer().decode(tokens, renderSpecial: true)))
            case .extend(let cache, let text, let isFirst):
                let tokens = try tokenizer().encode(text.span, addSpecial: isFirst, parseSpecial: true)
                try exchange.run.extend(cache, by: tokens)
            case .score(let tokens):
                var request = GenerationRequest(prompt: tokens, maxTokens: 0, sampling: .greedy)
                request.scoresVocabulary = true
                try awaitReply(to: request, exchange, now: now)
            case .sample(let row, let options):
                exchange.run.answer(.int(Int64(try Self.token(drawnFrom: row, options))))
            }
        } catch {
            exchange.run.answer(error)
        }
    }

    private func tokenizer() throws(KernelError) -> Tokenizer {
        guard let service else { throw KernelError(.unavailable, "the model is being loaded") }
        return service.tokenizer
    }

    private static func token(
        drawnFrom row: [Float], _ options: SamplingOptions
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

    private mutating func awaitReply(
        to request: GenerationRequest, _ exchange: ProgramExchange, now: Instant
    ) throws(KernelError) {
        let (id, lease) = try submit(request, exchange, now: now)
        exchange.awaited = id
        exchange.lease = lease
        exchange.reply = []
    }

    private mutating func submit(
        _ request: GenerationRequest, _ exchange: ProgramExchange, now: Instant
    ) throws(KernelError) -> (GenerationID, QuotaLease) {
        do throws(APIError) {
            return try submit(request, for: exchange.run, now: now)
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
        _ request: GenerationRequest, for run: ProgramRun, now: Instant
    ) throws(APIError) -> (GenerationID, QuotaLease) {
        guard let service else { throw .loading }
        let permit: Permit<Infer>
        do throws(Denial) {
            permit = try run.permitToInfer(&law, now: now)
        } catch {
            throw .denied(error.operation.name.text, error.path.text)
        }
        let pages = service.engine.pageCountMax(promptTokens: request.prompt.count, maxTokens: request.maxTokens)
        let claim = QuotaClaim(promptTokens: request.prompt.count, keyValuePages: pages)
        let lease = try admit(claim, run.subject, now: now)
        do throws(GenerationRejection) {
            var request = request
            request.weight = law.weight(of: run.subject)
            return (try service.engine.submit(request, permit: permit, now: now), lease)
        } catch {
            law.release(lease.subject, lease.claim)
            throw APIError(error, promptParameter: "prompt")
        }
    }

    private func tokens(of options: InferenceOptions, now: Instant) throws(APIError) -> [TokenID] {
        guard let service else { throw .loading }
        switch options.prompt {
        case .message(let text):
            return try chatPrompt(now: now).tokens(of: [ChatMessage(role: "user", content: text)])
        case .text(let text): return service.tokenizer.encode(text.span, addSpecial: true, parseSpecial: true)
        case .tokens(let tokens): return tokens
        }
    }

    /// Passes on what a generation of a run's has put out; false when it is no run's.
    mutating func deliverToProgram(now: Instant) -> Bool {
        for exchange in programs.runs {
            if exchange.awaited == output.id {
                exchange.reply += output.text
                if let lease = exchange.lease { exchange.lease = charged(lease, now: now) }
                if output.finish != nil { answerInference(exchange) }
                return true
            }
            if let index = exchange.streams.firstIndex(where: { $0.id == output.id }) {
                exchange.streams[index].pending += output.text
                if let lease = exchange.streams[index].lease {
                    exchange.streams[index].lease = charged(lease, now: now)
                }
                if output.finish != nil { exchange.streams[index].isFinished = true }
                answerStream(exchange)
                return true
            }
        }
        return false
    }

    private mutating func charged(_ lease: QuotaLease, now: Instant) -> QuotaLease {
        var lease = lease
        law.charge(lease.subject, tokens: output.generatedTokenCount - lease.chargedTokens, now: now)
        lease.chargedTokens = output.generatedTokenCount
        return lease
    }

    private mutating func answerInference(_ exchange: ProgramExchange) {
        exchange.awaited = nil
        if let lease = exchange.lease.take() { law.release(lease.subject, lease.claim) }
        if output.finish == .outOfMemory, exchange.reply.isEmpty {
            exchange.run.answer(KernelError(.unavailable, "there is too little KV memory for this prompt"))
        } else if !output.vocabulary.isEmpty {
            exchange.run.answer(.array(output.vocabulary.map { .float(Double($0)) }))
        } else {
            exchange.run.answer(.string(exchange.reply))
        }
    }

    /// Answers the run that waits for a stream's next piece, once there is one or the stream has ended.
    private mutating func answerStream(_ exchange: ProgramExchange) {
        guard let index = exchange.awaitedStream else { return }
        if !exchange.streams[index].pending.isEmpty {
            exchange.run.answer(.string(exchange.streams[index].pending))
            exchange.streams[index].pending = []
        } else if exchange.streams[index].isFinished {
            exchange.run.answer(.void)
        } else {
            return
        }
        exchange.awaitedStream = nil
        guard exchange.streams[index].isFinished, exchange.streams[index].pending.isEmpty else { return }
        if let lease = exchange.streams[index].lease.take() { law.release(lease.subject, lease.claim) }
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
