import MonotonicTime

/// Answers to the event taken last. On a connection that has ended meanwhile they do nothing, so that an owner need not
/// know before each write.
extension HTTPServerConnection {
    /// Answers with a whole response.
    public mutating func respond(_ head: HTTPResponseHead, body: Span<UInt8>, now: Instant) {
        guard let exchange = exchangeToAnswer() else { return }
        sendHead(head, head.status.forbidsBody ? .none : .length(body.count), exchange, now)
        if !exchange.isHead && !head.status.forbidsBody { append(now: now) { $0.append(copying: body) } }
        finish(exchange, now)
    }

    /// Answers with a whole response.
    public mutating func respond(_ head: HTTPResponseHead, body: [UInt8] = [], now: Instant) {
        respond(head, body: body.span, now: now)
    }

    /// Begins a response whose body comes in pieces and whose length is not yet known: chunked, or, for HTTP/1.0,
    /// ended by the connection's close.
    public mutating func beginResponse(_ head: HTTPResponseHead, now: Instant) {
        guard var exchange = exchangeToAnswer() else { return }
        let framing: BodyFraming
        switch (head.status.forbidsBody, exchange.version) {
        case (true, _): framing = .none
        case (false, .http1_1): framing = .chunked
        case (false, .http1_0):
            framing = .untilClose
            exchange.keepsAlive = false
        }
        sendHead(head, framing, exchange, now)
        phase = .streaming(exchange, exchange.isHead ? .none : framing)
    }

    /// Sends a piece of the body: one chunk.
    public mutating func write(_ bytes: Span<UInt8>, now: Instant) {
        // An empty chunk would end the body.
        guard !bytes.isEmpty else { return }
        writePiece(count: bytes.count, now) { $0.append(copying: bytes) }
    }

    /// Sends a piece of the body: one chunk.
    public mutating func write(_ bytes: [UInt8], now: Instant) {
        write(bytes.span, now: now)
    }

    /// Sends a server-sent event as one chunk; see `ServerSentEvent`.
    public mutating func writeEvent(data: Span<UInt8>, now: Instant) {
        writePiece(count: ServerSentEvent.encodedCount(data: data), now) { output in
            ServerSentEvent.encode(data: data, into: &output)
        }
    }

    /// Ends the response that `beginResponse` began.
    ///
    /// - Parameter trailers: what became known too late for the head (RFC 9112 section 7.1.2); an HTTP/1.0 client does
    ///   not get them.
    public mutating func endResponse(trailers: HTTPHeaders = HTTPHeaders(), now: Instant) {
        guard case .streaming(let exchange, let framing) = phase else { return }
        if framing == .chunked {
            append(now: now) { output in
                output.append(text: "0\r\n")
                for field in trailers.fields { output.append(field: field.name.span, field.value.span) }
                output.append(text: "\r\n")
            }
        }
        finish(exchange, now)
    }

    private mutating func writePiece(count: Int, _ now: Instant, _ encode: (inout [UInt8]) -> Void) {
        guard case .streaming(_, let framing) = phase else { return }
        switch framing {
        case .none, .length: break
        case .untilClose: append(now: now, encode)
        case .chunked:
            append(now: now) { output in
                output.append(count, radix: 16)
                output.append(text: "\r\n")
                encode(&output)
                output.append(text: "\r\n")
            }
        }
    }

    /// The exchange whose response may begin; nil when the connection has ended.
    private func exchangeToAnswer() -> Exchange? {
        switch phase {
        case .responding(let exchange), .awaitingGrant(let exchange, _): return exchange
        case .closed, .aborted: return nil
        default: preconditionFailure("a response needs an event that was taken and not yet answered")
        }
    }

    private mutating func sendHead(
        _ head: HTTPResponseHead, _ framing: BodyFraming, _ exchange: Exchange, _ now: Instant
    ) {
        // RFC 9112 section 9.3: 1.1 persists unless closed, 1.0 only on request.
        let connection: String? =
            switch (exchange.keepsAlive, exchange.version) {
            case (false, _): "close"
            case (true, .http1_0): "keep-alive"
            case (true, .http1_1): nil
            }
        append(now: now) { head.encode(framing: framing, connection: connection, into: &$0) }
    }

    private mutating func finish(_ exchange: Exchange, _ now: Instant) {
        if exchange.keepsAlive && !isDraining {
            resumeReading(now: now)
        } else {
            discardInput()
            phase = isPeerClosed ? .closed : .lingering(until: now + limits.lingerTimeout)
        }
    }
}
