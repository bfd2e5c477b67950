import HTTP
import HexaVM
import Law
import Model
import MonotonicTime
import Programs

/// The work of runs: slices of them between slices of the model's, and the model's answers to them.
extension Server where LM: ~Copyable {
    /// Gives one run its turn; false when none can go on. A turn may have given the model work: look again after it.
    ///
    /// - Parameter isModelBusy: requests wait for the model: then turns are short.
    mutating func stepPrograms(isModelBusy: Bool, now: Instant) -> Bool {
        guard !programs.runs.isEmpty else { return false }
        let fuel = isModelBusy ? Programs.Limits.sliceFuelBusy : Programs.Limits.sliceFuelIdle
        for offset in programs.runs.indices {
            let index = (programs.turn + offset) % programs.runs.count
            let exchange = programs.runs[index]
            guard isRunnable(exchange, now: now) else { continue }
            programs.turn = index + 1
            step(exchange, fuel: fuel, now: now)
            return true
        }
        return false
    }

    /// When the next resting run may go on.
    var nextProgramDeadline: Instant {
        var deadline = Instant.distantFuture
        for exchange in programs.runs { deadline = min(deadline, exchange.restsUntil ?? .distantFuture) }
        return deadline
    }

    private func isRunnable(_ exchange: ProgramExchange, now: Instant) -> Bool {
        if exchange.isWaiting || isBehind(exchange) { return false }
        return (exchange.restsUntil ?? now) <= now
    }

    /// Whether the client does not keep up with reading: its run waits.
    private func isBehind(_ exchange: ProgramExchange) -> Bool {
        (connection(exchange.connection)?.http.outputBacklog ?? 0) > Limits.pauseAboveBytes
    }

    private mutating func step(_ exchange: ProgramExchange, fuel: Int, now: Instant) {
        exchange.restsUntil = nil
        let time = RunTime(now: now, unixSeconds: unixSeconds(at: now))
        let event = exchange.run.step(fuel: fuel, law: &law, files: &programs.files, time: time)
        for line in exchange.run.takeLogLines() { programs.note(line, of: exchange.run.name) }
        passOn(exchange, now: now)
        switch event {
        case .working: break
        case .resting(let until): exchange.restsUntil = until
        case .waiting(let request): serve(request, exchange, now: now)
        case .finished: finish(exchange, failure: nil, now: now)
        case .failed(let text): finish(exchange, failure: text, now: now)
        }
    }

    // MARK: Answers

    /// Sends what the run has answered so far.
    private mutating func passOn(_ exchange: ProgramExchange, now: Instant) {
        let output = exchange.run.takeOutput()
        guard !output.isEmpty, let connection = connection(exchange.connection) else { return }
        begin(exchange, on: connection, now: now)
        connection.http.write(output, now: now)
        flush(connection)
    }

    private mutating func begin(_ exchange: ProgramExchange, on connection: Connection, now: Instant) {
        guard !exchange.hasBegun else { return }
        exchange.hasBegun = true
        var head = head(.ok, contentType: "text/plain; charset=utf-8")
        head.headers.append("cache-control", "no-cache")
        metrics.requests.record(connection.routeLabel, status: 200)
        connection.http.beginResponse(head, now: now)
    }

    private mutating func finish(_ exchange: ProgramExchange, failure: String?, now: Instant) {
        let connection = connection(exchange.connection)
        end(exchange)
        guard let connection else { return }
        switch (failure, exchange.hasBegun) {
        case (nil, _):
            begin(exchange, on: connection, now: now)
            connection.http.endResponse(now: now)
        case (let failure?, false):
            respond(APIError(500, .server, failure, code: "program_failed"), on: connection, now: now)
        case (let failure?, true):
            // The status is out already: the error is the text's last part.
            connection.http.write(Array(("\nerror: " + failure).utf8), now: now)
            connection.http.endResponse(now: now)
        }
        handleEvents(of: connection, now: now)
    }

    /// Ends a run, and what the model does for it.
    mutating func end(_ exchange: ProgramExchange) {
        for id in exchange.generations { service?.engine.cancel(id) }
        for stream in exchange.streams { if let lease = stream.lease { law.release(lease.subject, lease.claim) } }
        if let lease = exchange.lease.take() { law.release(lease.subject, lease.claim) }
        exchange.awaited = nil
        exchange.streams = []
        programs.runs.removeAll { $0 === exchange }
        connection(exchange.connection)?.program = nil
    }

    // MARK: The model

    private mutating func serve(_ request: ModelRequest, _ exchange: ProgramExchange, now: Instant) {
        do throws(KernelError) {
            switch request {
            case .infer(let options):
                let (id, lease) = try submit(options, exchange, now: now)
                exchange.awaited = id
                exchange.lease = lease
                exchange.reply = []
            case .openStream(let options):
                let (id, lease) = try submit(options, exchange, now: now)
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
            }
        } catch {
            exchange.run.answer(error)
        }
    }

    private func tokenizer() throws(KernelError) -> Tokenizer {
        guard let service else { throw KernelError(.unavailable, "the model is being loaded") }
        return service.tokenizer
    }

    private mutating func submit(
        _ options: InferenceOptions, _ exchange: ProgramExchange, now: Instant
    ) throws(KernelError) -> (GenerationID, QuotaLease) {
        do throws(APIError) {
            let prompt = try tokens(of: options, now: now)
            var parameters = SamplingParameters()
            parameters.temperature = Float(options.temperature)
            parameters.seed = options.seed
            var request = GenerationRequest(prompt: prompt, maxTokens: options.maxTokens, sampling: parameters)
            request.stopStrings = options.stop
            return try submit(request, for: exchange.run, now: now)
        } catch {
            throw KernelError(error.status == 403 || error.status == 429 ? .denied : .unavailable, error.message)
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
            return (try service.engine.submit(request, permit: permit, now: now), lease)
        } catch {
            law.release(lease.subject, lease.claim)
            throw APIError(error, promptParameter: "prompt")
        }
    }

    private func tokens(of options: InferenceOptions, now: Instant) throws(APIError) -> [TokenID] {
        guard let service else { throw .loading }
        if options.isRaw {
            return service.tokenizer.encode(options.prompt.span, addSpecial: true, parseSpecial: true)
        }
        let message = ChatMessage(role: "user", content: options.prompt)
        return try chatPrompt(now: now).tokens(of: [message])
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
