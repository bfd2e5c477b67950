extension HTTPRequestDecoder {
    /// Lets the body grow to `byteCount` bytes; true when the client waits for `100 Continue`.
    public mutating func grantBody(_ byteCount: Int) -> Bool {
        bodyGrant = byteCount
        // Exactly as much memory as was granted, rather than what an array that grows happens to take.
        if case .fixedBody(let remaining) = state {
            body.reserveCapacity(body.count + remaining)
        } else {
            body.reserveCapacity(min(byteCount, limits.bodyBytesMax))
        }
        defer { awaitsContinue = false }
        return awaitsContinue
    }

    /// Drops the body as it comes: the request follows without it. False where the client waits for an answer, or where
    /// no length is known.
    mutating func skipBody() -> Bool {
        guard case .fixedBody = state, !awaitsContinue else { return false }
        skipsBody = true
        bodyGrant = .max
        return true
    }

    /// Asks for the rest of the body, or of a chunk, where it exceeds what is granted.
    func bodyAnnouncement(_ remaining: Int) -> Event? {
        guard remaining > bodyGrant - body.count else { return nil }
        guard case .chunkData = state else { return .bodyAnnounced(request(body: []), byteCount: remaining) }
        // A body in small chunks asks for twice as much each time: once a chunk would be a client's to repeat.
        let wanted = max(body.count + remaining, min(2 * bodyGrant, limits.bodyBytesMax))
        return .bodyAnnounced(request(body: []), byteCount: wanted)
    }

    func request(body: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            method: head.method, path: head.target.path, query: head.target.query, version: head.version,
            headers: head.headers, body: body)
    }

    mutating func readFixedBody(_ input: Span<UInt8>, _ position: inout Int, _ remaining: Int) -> Event? {
        let count = readBody(input, &position, remaining)
        if count == remaining { return finishRequest() }
        state = .fixedBody(remaining: remaining - count)
        return nil
    }

    /// Moves up to `limit` bytes into the body; returns how many.
    mutating func readBody(_ input: Span<UInt8>, _ position: inout Int, _ limit: Int) -> Int {
        let count = min(input.count - position, limit)
        if !skipsBody { body.append(copying: input.extracting(position..<(position + count))) }
        position += count
        return count
    }

    /// Takes `chunk-size [ chunk-ext ]` (RFC 9112 section 7.1). Extensions are checked for control characters, counted
    /// and ignored.
    mutating func acceptChunkSize() throws(HTTPError) {
        var size = 0
        var index = 0
        while index < line.count, let digit = ASCII.hexDigitValue(line[index]) {
            // Leading zeros beyond what the largest body needs are no honest size either.
            guard index < Self.chunkSizeDigitsMax else { throw .malformedChunk }
            size = size << 4 | Int(digit)
            index += 1
        }
        guard index > 0 else { throw .malformedChunk }
        try checkChunkExtensions(from: index)
        guard size <= limits.bodyBytesMax - body.count else { throw .bodyTooLarge }
        state = size == 0 ? .trailerLine : .chunkData(remaining: size)
    }

    /// Fifteen digits stay below 2^60 and thus within `Int`.
    private static var chunkSizeDigitsMax: Int { 15 }

    private mutating func checkChunkExtensions(from start: Int) throws(HTTPError) {
        var index = start
        while index < line.count, ASCII.isWhitespace(line[index]) { index += 1 }
        guard index < line.count else {
            guard index == start else { throw .malformedChunk }
            return
        }
        guard line[index] == UInt8(ascii: ";"), line[index...].allSatisfy(ASCII.isFieldValueByte)
        else { throw .malformedChunk }
        chunkExtensionBytes += line.count - start
        guard chunkExtensionBytes <= limits.chunkExtensionBytesMax else { throw .chunkExtensionsTooLarge }
    }
}
