import HTTP
import JSON
import Law
import MonotonicTime

/// Whole responses, with the header fields that all of them have.
extension Server where LM: ~Copyable {
    mutating func respond(
        _ body: [UInt8], contentType: String = "application/json", on connection: Connection, now: Instant
    ) {
        var head = head(.ok, contentType: contentType)
        head.headers.append("cache-control", "no-store")
        metrics.requests.record(connection.routeLabel, status: 200)
        connection.http.respond(head, body: body.span, now: now)
    }

    mutating func respond(_ error: APIError, on connection: Connection, now: Instant) {
        var head = head(HTTPStatus(error.status), contentType: "application/json")
        if let seconds = error.retryAfterSeconds { head.headers.append("retry-after", "\(seconds)") }
        if let allow = error.allow { head.headers.append("allow", allow) }
        // RFC 9110 section 15.5.2: a 401 says how to authenticate.
        if error.status == 401 { head.headers.append("www-authenticate", "Bearer") }
        metrics.requests.record(connection.routeLabel, status: error.status)
        connection.http.respond(head, body: error.serialized().span, now: now)
    }

    /// What arrived was not HTTP, too large, or too slow.
    mutating func refuse(_ error: HTTPError, on connection: Connection, now: Instant) {
        connection.routeLabel = "refused"
        let code = error.status.code
        respond(
            APIError(code, code >= 500 ? .server : .invalidRequest, error.message, code: "malformed_http"),
            on: connection, now: now)
    }

    /// CORS (Fetch standard, section 3.2): pages of any origin may call, with a key if one is needed.
    mutating func respondToPreflight(_ route: Route, on connection: Connection, now: Instant) {
        var head = head(.noContent, contentType: nil)
        head.headers.append("access-control-allow-methods", route.methods)
        head.headers.append("access-control-allow-headers", "authorization, content-type")
        head.headers.append("access-control-max-age", "86400")
        head.headers.append("allow", route.methods)
        metrics.requests.record(connection.routeLabel, status: 204)
        connection.http.respond(head, now: now)
    }

    /// 200 once requests are served; before, 503 with the time to ask again.
    mutating func respondToHealth(
        _ permit: consuming Permit<Read, HealthTarget>, on connection: Connection, now: Instant
    ) throws(APIError) {
        if isDraining { throw .draining }
        guard isReady else { throw .loading }
        var json = JSONWriter()
        json.beginObject()
        json.member("status", "ok")
        json.endObject()
        respond(json.bytes, on: connection, now: now)
    }

    func head(_ status: HTTPStatus, contentType: String?) -> HTTPResponseHead {
        var head = HTTPResponseHead(status, contentType: contentType)
        head.headers.append("server", "hexa-os/" + Version.number)
        head.headers.append("access-control-allow-origin", "*")
        return head
    }
}

extension HTTPStatus {
    /// The statuses that this server's errors have.
    fileprivate init(_ code: Int) {
        let known: [HTTPStatus] = [
            .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .requestTimeout, .conflict,
            .preconditionFailed, .contentTooLarge, .uriTooLong, .expectationFailed, .tooManyRequests,
            .headerFieldsTooLarge, .notImplemented, .serviceUnavailable, .versionNotSupported,
        ]
        self = known.first { $0.code == code } ?? .internalServerError
    }
}
