/// Takes the bytes of a connection, in pieces of any size, and answers with whole requests (RFC 9112).
///
/// Strict where leniency would let two readers of one byte stream disagree about where a request ends ("request
/// smuggling"): lines end in CRLF only; lengths are given once and in one way; nothing is repaired. Everything that is
/// buffered is bounded by `HTTPLimits`. The first error is final.
public struct HTTPRequestDecoder {
    public enum Event: Equatable, Sendable {
        /// The headers are accepted, and the client waits for `100 Continue` before it sends the body (RFC 9110 section
        /// 10.1.1). The request itself comes later.
        case expectsContinue
        /// A body follows that is longer than what is granted so far: it goes on after `grantBody`. The request itself
        /// comes later.
        ///
        /// - Parameter byteCount: the bytes to grant in all; zero when no length is known yet.
        case bodyAnnounced(HTTPRequest, byteCount: Int)
        case request(HTTPRequest)
    }

    /// How far the current request has come.
    public enum Progress: Equatable, Sendable {
        case notBegun, inHead, inBody
    }

    enum State: Equatable {
        case requestLine, headerLine
        case fixedBody(remaining: Int)
        case chunkSize, chunkData(remaining: Int), chunkEnd, trailerLine
        case failed(HTTPError)
    }

    let limits: HTTPLimits
    var state = State.requestLine
    /// The bytes of the current line so far, wherever `state` waits for one.
    var line: [UInt8] = []
    var head = RequestHead()
    /// Header or trailer bytes and lines read so far.
    var fieldBytes = 0
    var fieldCount = 0
    var body: [UInt8] = []
    /// Bytes that the body may have before the owner is asked for more.
    var bodyGrant: Int
    /// Whether the body's bytes are dropped as they come.
    var skipsBody = false
    /// Whether the client waits for `100 Continue` until the body has been granted.
    var awaitsContinue = false
    var chunkExtensionBytes = 0
    private var hasSkippedEmptyLine = false

    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        bodyGrant = limits.unaskedBodyBytesMax
    }

    /// Decodes from `position` on, moving it past what was used, until an event or the end of the input. Nil asks for
    /// more input; after an event, call again with the rest.
    public mutating func decode(_ input: Span<UInt8>, from position: inout Int) throws(HTTPError) -> Event? {
        do throws(HTTPError) {
            while position < input.count {
                if let event = try step(input, &position) { return event }
            }
            return nil
        } catch {
            state = .failed(error)
            throw error
        }
    }

    public var progress: Progress {
        switch state {
        case .requestLine: line.isEmpty ? .notBegun : .inHead
        case .headerLine, .failed: .inHead
        case .fixedBody, .chunkSize, .chunkData, .chunkEnd, .trailerLine: .inBody
        }
    }

    /// Bytes of the current request's body received so far.
    public var bodyByteCount: Int { body.count }

    /// Takes one line or one piece of the body.
    private mutating func step(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPError) -> Event? {
        switch state {
        case .requestLine:
            guard try readLine(input, &position, limits.requestLineBytesMax, orThrow: .requestLineTooLong)
            else { return nil }
            try acceptRequestLine()
        case .headerLine:
            guard try readFieldLine(input, &position) else { return nil }
            if line.isEmpty { return try acceptHeaderEnd() }
            try acceptHeaderLine()
        case .fixedBody(let remaining):
            if let announcement = bodyAnnouncement(remaining) { return announcement }
            return readFixedBody(input, &position, remaining)
        case .chunkSize:
            guard try readLine(input, &position, limits.chunkExtensionBytesMax, orThrow: .chunkExtensionsTooLarge)
            else { return nil }
            try acceptChunkSize()
        case .chunkData(let remaining):
            if let announcement = bodyAnnouncement(remaining) { return announcement }
            let count = readBody(input, &position, remaining)
            state = count == remaining ? .chunkEnd : .chunkData(remaining: remaining - count)
            return nil
        case .chunkEnd:
            guard try readLine(input, &position, 0, orThrow: .malformedChunk) else { return nil }
            state = .chunkSize
        case .trailerLine:
            guard try readFieldLine(input, &position) else { return nil }
            if line.isEmpty { return finishRequest() }
            // Trailers are checked and dropped: nothing in the API uses them, and merging them is a known hole.
            _ = try parsedField()
        case .failed(let error):
            throw error
        }
        line.removeAll(keepingCapacity: true)
        return nil
    }

    /// RFC 9112 section 2.2: one empty line before a request line is ignored, as some clients send one after a body.
    private mutating func acceptRequestLine() throws(HTTPError) {
        if line.isEmpty && !hasSkippedEmptyLine {
            hasSkippedEmptyLine = true
            return
        }
        head = try RequestHead(requestLine: line.span)
        state = .headerLine
    }

    /// Hands the request out and begins anew.
    mutating func finishRequest() -> Event {
        let request = request(body: body)
        self = HTTPRequestDecoder(limits: limits)
        return .request(request)
    }
}

// MARK: - Lines

extension HTTPRequestDecoder {
    /// Appends input to `line` up to the end of the line. True when it is whole: then `line` is without its CRLF.
    private mutating func readLine(
        _ input: Span<UInt8>, _ position: inout Int, _ limit: Int, orThrow tooLong: HTTPError
    ) throws(HTTPError) -> Bool {
        // The line's own bytes, and the carriage return that may already be among them.
        let room = limit + 1 - line.count
        var end = position
        while end < input.count, input[end] != ASCII.lineFeed {
            guard end - position < room else { throw tooLong }
            end += 1
        }
        line.append(copying: input.extracting(position..<end))
        position = end
        guard end < input.count else { return false }
        position += 1
        guard line.last == ASCII.carriageReturn else { throw .bareLineEnd }
        line.removeLast()
        return true
    }

    /// Reads a header or trailer line within what the limits leave.
    private mutating func readFieldLine(_ input: Span<UInt8>, _ position: inout Int) throws(HTTPError) -> Bool {
        let isWhole = try readLine(input, &position, limits.headerBytesMax - fieldBytes, orThrow: .headersTooLarge)
        guard isWhole, !line.isEmpty else { return isWhole }
        fieldBytes += line.count
        fieldCount += 1
        guard fieldCount <= limits.headerCountMax else { throw .tooManyHeaders }
        return true
    }
}
