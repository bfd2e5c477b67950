import HTTP
import MonotonicTime

/// A connection that gets arbitrary bytes in arbitrary pieces, at arbitrary times, and answers each request.
func fuzzHTTP(_ source: FuzzInput) {
    var input = source
    var now = Instant.origin
    var connection = HTTPServerConnection(now: now)
    while !input.isEmpty {
        let piece = input.take(1 + Int(input.takeByte()))
        connection.receive(piece.span, now: now)
        while let event = connection.nextEvent() { answer(event, &connection, now) }
        let sentCount = connection.output.count
        connection.removeOutput(sentCount, now: now)
        if connection.disposition == .close || connection.disposition == .abort { return }
        // A zero byte lets time pass, as a slow client does.
        if piece.first == 0 {
            now = max(now, min(connection.nextDeadline, now + .seconds(120)))
            connection.advance(to: now)
        }
    }
    connection.peerClosed(now: now)
}

/// Streams the answer to a request with a body and gives a whole one to the others: both ways out are exercised.
private func answer(_ event: HTTPServerConnection.Event, _ connection: inout HTTPServerConnection, _ now: Instant) {
    switch event {
    case .request(let request) where !request.body.isEmpty:
        connection.beginResponse(HTTPResponseHead(.ok), now: now)
        connection.write(request.body, now: now)
        connection.endResponse(now: now)
    case .body(_, let byteCount):
        connection.grantBody(byteCount, now: now)
    case .request:
        connection.respond(HTTPResponseHead(.ok), body: Array("ok".utf8), now: now)
    case .refusal(let error):
        connection.respond(HTTPResponseHead(error.status), now: now)
    }
}
