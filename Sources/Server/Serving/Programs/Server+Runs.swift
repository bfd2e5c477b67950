import Engine
import HTTP
import Law
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
            programs.pace.beginSlice(now: now)
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
        switch consume event {
        case .working: break
        case .resting(let until): exchange.restsUntil = until
        case .waiting(let request): serve(request, exchange, now: now)
        case .ended(let ending): finish(exchange, ending, now: now)
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
        head.headers.append("trailer", Self.outcomeTrailer)
        metrics.requests.record(connection.routeLabel, status: 200)
        connection.http.beginResponse(head, now: now)
    }

    private mutating func finish(_ exchange: ProgramExchange, _ ending: RunEnding, now: Instant) {
        let connection = connection(exchange.connection)
        end(exchange)
        guard let connection else { return }
        switch (ending, exchange.hasBegun) {
        case (.finished, _):
            begin(exchange, on: connection, now: now)
            connection.http.endResponse(trailers: Self.trailers(outcome: "finished"), now: now)
        case (.failed(let failure), false):
            respond(APIError(500, .server, failure, code: "program_failed"), on: connection, now: now)
        case (.failed(let failure), true):
            // The status is out already: the error is the text's last part.
            connection.http.write(Array(("\nerror: " + failure).utf8), now: now)
            connection.http.endResponse(trailers: Self.trailers(outcome: "failed"), now: now)
        }
        handleEvents(of: connection, now: now)
    }

    /// Tells programs that read the answer how the run ended: by then the status is long out.
    private static var outcomeTrailer: String { "program-outcome" }

    private static func trailers(outcome: String) -> HTTPHeaders {
        var trailers = HTTPHeaders()
        trailers.append(outcomeTrailer, outcome)
        return trailers
    }

    /// Ends a run, and what the model does for it.
    mutating func end(_ exchange: ProgramExchange) {
        exchange.run.surrender(to: &law)
        for id in exchange.generations { service?.engine.cancel(id) }
        for stream in exchange.streams { release(stream.lease.take()) }
        release(exchange.awaited?.lease.take())
        exchange.awaited = nil
        exchange.streams = []
        programs.runs.removeAll { $0 === exchange }
        connection(exchange.connection)?.program = nil
    }
}
