import HTTP
import Law
import MonotonicTime

/// The records of the growth bus: what there is, or, with `follow`, each as it is made.
extension Server where LM: ~Copyable {
    /// Records after `after=`, a line each, and the head. Whoever asks for what comes after a record has that record.
    mutating func respondWithGrowth(
        _ permit: consuming Permit<Read, GrowthTarget>, _ request: HTTPRequest, on connection: Connection, now: Instant
    ) throws(APIError) {
        var after: UInt64 = 0
        if let text = request.queryValue(of: "after") {
            guard let number = UInt64(text) else { throw .invalid("after", "'after' must be a record's number.") }
            after = number
            law.acknowledgeGrowth(permit, upTo: number)
        }
        let isFollowing = request.queryValue(of: "follow") != nil && request.method == .get
        guard isFollowing else {
            return respond(
                growthLines(after: after), contentType: Self.growthContentType, on: connection, now: now)
        }
        if isDraining { throw .draining }
        metrics.requests.record(connection.routeLabel, status: 200)
        connection.http.beginResponse(head(.ok, contentType: Self.growthContentType), now: now)
        connection.http.write(growthLines(after: after), now: now)
        connection.growthFollowed = law.growth.recordedCount
        growthFollowers += 1
    }

    /// Sends followers the records made since. One that does not keep up with reading waits, and gets what is still
    /// kept then: the numbers, and the head's count, show what it has missed.
    mutating func passOnGrowth(now: Instant) {
        guard growthFollowers > 0 else { return }
        for connection in connections {
            guard let sent = connection.growthFollowed, sent < law.growth.recordedCount,
                connection.http.outputBacklog <= Limits.pauseAboveBytes
            else { continue }
            connection.http.write(growthLines(after: sent), now: now)
            connection.growthFollowed = law.growth.recordedCount
            flush(connection)
        }
    }

    /// Ends a connection's following; the answer is complete if it can still be sent.
    mutating func endFollowing(_ connection: Connection, now: Instant?) {
        guard connection.growthFollowed != nil else { return }
        connection.growthFollowed = nil
        growthFollowers -= 1
        if let now { connection.http.endResponse(now: now) }
    }

    private func growthLines(after sequence: UInt64) -> [UInt8] {
        var lines: [UInt8] = []
        for record in law.growth.records(after: sequence) {
            lines += record.serialized()
            lines.append(UInt8(ascii: "\n"))
        }
        lines += law.growth.head.serialized()
        lines.append(UInt8(ascii: "\n"))
        return lines
    }

    private static var growthContentType: String { "application/x-ndjson" }
}
