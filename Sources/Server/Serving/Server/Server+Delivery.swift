import HTTP
import Law
import MonotonicTime

/// Passing on what generations put out.
extension Server where LM: ~Copyable {
    /// Delivers `output` to the client that waits for it.
    mutating func deliver(now: Instant) {
        if deliverToProgram(now: now) { return }
        for exchange in exchanges {
            guard let choice = exchange.receive(output) else { continue }
            exchange.lease?.charge(to: &law, generatedTokens: exchange.completionTokenCount, now: now)
            guard let connection = connection(exchange.connection) else { return cancel(exchange) }
            if exchange.hasFailed {
                fail(exchange, on: connection, now: now)
            } else if exchange.isStreamed {
                stream(choice, of: exchange, on: connection, now: now)
            } else if exchange.isFinished {
                respond(exchange, on: connection, now: now)
            }
            handleEvents(of: connection, now: now)
            return
        }
    }

    private mutating func fail(_ exchange: Exchange, on connection: Connection, now: Instant) {
        cancel(exchange)
        respond(.outOfMemory, on: connection, now: now)
    }

    private mutating func respond(_ exchange: Exchange, on connection: Connection, now: Instant) {
        end(exchange)
        let usage = exchange.usage
        respond(exchange.encoder.answer(&exchange.choices, usage), on: connection, now: now)
    }

    private mutating func stream(_ choice: Int, of exchange: Exchange, on connection: Connection, now: Instant) {
        if !exchange.hasBegun {
            exchange.hasBegun = true
            var head = head(.ok, contentType: ServerSentEvent.contentType)
            head.headers.append("cache-control", "no-cache")
            metrics.requests.record(connection.routeLabel, status: 200)
            connection.http.beginResponse(head, now: now)
        }
        exchange.takeChunks(of: choice) { chunk in
            connection.http.writeEvent(data: chunk.span, now: now)
        }
        if exchange.isFinished {
            if exchange.includesUsage {
                let usage = exchange.usage
                connection.http.writeEvent(data: exchange.encoder.usageChunk(usage).span, now: now)
            }
            connection.http.writeEvent(data: "[DONE]".utf8.span, now: now)
            connection.http.endResponse(now: now)
            end(exchange)
        }
        updatePause(of: connection)
    }
}
