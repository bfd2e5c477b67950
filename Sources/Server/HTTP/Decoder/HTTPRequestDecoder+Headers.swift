extension HTTPRequestDecoder {
    mutating func acceptHeaderLine() throws(HTTPError) {
        let field = try parsedField()
        head.headers.append(name: field.name, value: field.value)
    }

    /// Parses `line` as `field-name ":" OWS field-value OWS` (RFC 9112 section 5).
    func parsedField() throws(HTTPError) -> HTTPHeaders.Field {
        let span = line.span
        // Section 5.2: a line that starts with white space continues the one before ("obs-fold").
        guard !ASCII.isWhitespace(span[0]) else { throw .foldedHeader }
        var colon = 0
        // Section 5.1: white space before the colon is refused here too, as it is no token byte.
        while colon < span.count, ASCII.isTokenByte(span[colon]) { colon += 1 }
        guard colon > 0, colon < span.count, span[colon] == UInt8(ascii: ":") else { throw .malformedHeaderName }
        let text = ASCII.trimmed(span.extracting((colon + 1)..<span.count))
        for index in text.indices {
            guard ASCII.isFieldValueByte(text[index]) else { throw .malformedHeaderValue }
        }
        var value: [UInt8] = []
        value.append(copying: text)
        return HTTPHeaders.Field(name: line[..<colon].map(ASCII.lowercased), value: value)
    }

    /// Decides how the body is framed (RFC 9112 section 6.3) and whether the client waits for a go-ahead.
    mutating func acceptHeaderEnd() throws(HTTPError) -> Event? {
        line.removeAll(keepingCapacity: true)
        fieldBytes = 0
        fieldCount = 0
        try checkHost()
        awaitsContinue = try checkExpectation()
        if try isChunked() {
            state = .chunkSize
            // Asked here too: a client that waits for `100 Continue` sends no chunk before.
            if bodyGrant == 0 { return .bodyAnnounced(request(body: []), byteCount: 0) }
        } else {
            let length = try contentLength()
            guard length > 0 else { return finishRequest() }
            state = .fixedBody(remaining: length)
            if let announcement = bodyAnnouncement(length) { return announcement }
            body.reserveCapacity(min(length, Self.bodyReservationMax))
        }
        defer { awaitsContinue = false }
        return awaitsContinue ? .expectsContinue : nil
    }

    /// A promised length is believed only so far before its bytes arrive.
    private static var bodyReservationMax: Int { 64 << 10 }

    /// RFC 9112 section 3.2: exactly one Host in HTTP/1.1, at most one before.
    private func checkHost() throws(HTTPError) {
        let hosts = head.headers.values(of: "host")
        guard hosts.count <= 1 else { throw .repeatedHost }
        guard let host = hosts.first else {
            if head.version == .http1_1 { throw .missingHost }
            return
        }
        guard host.allSatisfy(Self.isHostByte) else { throw .malformedHost }
    }

    /// The bytes of `uri-host [":" port]` (RFC 3986 section 3.2.2), brackets of IP literals included.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        case UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"):
            false
        default:
            ASCII.isTokenByte(byte)
        }
    }

    /// RFC 9110 section 10.1.1. HTTP/1.0 clients cannot wait for an interim response.
    private func checkExpectation() throws(HTTPError) -> Bool {
        guard head.version == .http1_1 else { return false }
        let expectations = head.headers.elements(of: "expect")
        for expectation in expectations where !ASCII.equals(expectation, ignoringCase: "100-continue") {
            throw .unsupportedExpectation
        }
        return !expectations.isEmpty
    }

    /// Section 6.1: `chunked` alone is implemented. A length beside it, or HTTP/1.0, hints at smuggling: refused.
    private func isChunked() throws(HTTPError) -> Bool {
        let codings = head.headers.elements(of: "transfer-encoding")
        guard !codings.isEmpty else { return false }
        guard head.version == .http1_1 else { throw .transferEncodingInHTTP1_0 }
        guard head.headers.value(of: "content-length") == nil else { throw .ambiguousLength }
        let chunkedCount = codings.filter { ASCII.equals($0, ignoringCase: "chunked") }.count
        let endsChunked = ASCII.equals(codings[codings.count - 1], ignoringCase: "chunked")
        guard chunkedCount <= 1, chunkedCount == 0 || endsChunked, codings.allSatisfy({ !$0.isEmpty })
        else { throw .malformedTransferEncoding }
        guard codings.count == 1, chunkedCount == 1 else { throw .unsupportedTransferEncoding }
        return true
    }

    /// Section 6.2. A repeated length is refused even when it repeats itself: no known client sends one.
    private func contentLength() throws(HTTPError) -> Int {
        let lengths = head.headers.values(of: "content-length")
        guard lengths.count <= 1 else { throw .repeatedContentLength }
        guard let text = lengths.first else { return 0 }
        guard let length = ASCII.decimalValue(text) else { throw .malformedContentLength }
        guard length <= limits.bodyBytesMax else { throw .bodyTooLarge }
        return length
    }
}
