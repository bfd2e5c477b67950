import HTTP
import Law
import MonotonicTime

/// Which request bodies are received: those of clients that the law knows, within the memory there is for them.
extension Server where LM: ~Copyable {
    /// Bounds the memory of request bodies by a share of what is free beside the model, once the platform knows it.
    public mutating func limitRequestBodies(freeByteCount: Int) {
        let share = min(configuration.requestBodyBytesMax, freeByteCount / Limits.requestBodyShareDivisor)
        bodies.setLimit(max(share, configuration.http.bodyBytesMax))
    }

    /// Lets a body come that has been announced, or answers its request without it; the connection closes then.
    mutating func receiveBody(of request: HTTPRequest, _ byteCount: Int, on connection: Connection, now: Instant) {
        // Without a key the answer does not depend on the body. A short one passes by, and the connection stays.
        guard isKnown(request) else {
            if byteCount <= Limits.unchargedBodyBytes, connection.http.skipBody(now: now) { return }
            return answer(request, on: connection, now: now)
        }
        let chargedBytes = max(byteCount - Limits.unchargedBodyBytes, 0)
        guard bodies.charge(chargedBytes - connection.chargedBodyBytes) else {
            metrics.refusedBodies += 1
            connection.routeLabel = Route(path: request.path)?.label ?? Self.otherRouteLabel
            return respond(.bodiesFull, on: connection, now: now)
        }
        connection.chargedBodyBytes = chargedBytes
        connection.http.grantBody(max(byteCount, Limits.unchargedBodyBytes), now: now)
    }

    /// Gives back what a body was charged that is not being received any more.
    mutating func releaseBody(of connection: Connection) {
        bodies.release(connection.chargedBodyBytes)
        connection.chargedBodyBytes = 0
    }
}
