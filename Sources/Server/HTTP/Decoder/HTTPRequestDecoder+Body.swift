extension HTTPRequestDecoder {
    mutating func readFixedBody(_ input: Span<UInt8>, _ position: inout Int, _ remaining: Int) -> Event? {
        let count = readBody(input, &position, remaining)
        if count == remaining { return finishRequest() }
        state = .fixedBody(remaining: remaining - count)
        return nil
    }

    /// Moves up to `limit` bytes into the body; returns how many.
    mutating func readBody(_ input: Span<UInt8>, _ position: inout Int, _ limit: Int) -> Int {
        let count = min(input.count - position, limit)
        body.append(copying: input.extracting(position..<(position + count)))
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
