import Testing
@testable import HTTP

/// Each limit: accepted at it, refused one past it, and with which status.
@Suite("Limits")
struct LimitTests {
    private func limits(_ change: (inout HTTPLimits) -> Void) -> HTTPLimits {
        var limits = HTTPLimits()
        change(&limits)
        return limits
    }

    private func expect(_ stream: (Int) -> String, upTo limit: Int, under limits: HTTPLimits, else status: Int) {
        #expect(decode(stream(limit), limits: limits).error == nil)
        #expect(decode(stream(limit), limits: limits).requests.count == 1)
        #expect(decode(stream(limit + 1), limits: limits).error?.status.code == status)
        #expect(decode(stream(limit + 1), limits: limits, nextPieceSize: { 1 }).error?.status.code == status)
    }

    @Test("Request line: 414")
    func requestLine() {
        expect(
            { length in
                let path = String(repeating: "a", count: length - "GET / HTTP/1.1".utf8.count)
                return "GET /\(path) HTTP/1.1\r\nHost: h\r\n\r\n"
            }, upTo: 100, under: limits { $0.requestLineBytesMax = 100 }, else: 414)
    }

    @Test("Header bytes: 431")
    func headerBytes() {
        expect(
            { length in
                let value = String(repeating: "a", count: length - "Host: hX: ".utf8.count)
                return "GET / HTTP/1.1\r\nHost: h\r\nX: \(value)\r\n\r\n"
            }, upTo: 100, under: limits { $0.headerBytesMax = 100 }, else: 431)
    }

    @Test("Header count: 431")
    func headerCount() {
        expect(
            { count in
                "GET / HTTP/1.1\r\nHost: h\r\n\(String(repeating: "X: 1\r\n", count: count - 1))\r\n"
            }, upTo: 10, under: limits { $0.headerCountMax = 10 }, else: 431)
    }

    @Test("Trailers count like headers, anew: 431")
    func trailers() {
        expect(
            { count in
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                    + "\(String(repeating: "X: 1\r\n", count: count))\r\n"
            }, upTo: 10, under: limits { $0.headerCountMax = 10 }, else: 431)
    }

    @Test("Body with a length: 413, before a byte of it has come")
    func body() {
        expect(
            { count in
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(count)\r\n\r\n"
                    + "\(String(repeating: "a", count: min(count, 100)))"
            }, upTo: 100, under: limits { $0.bodyBytesMax = 100 }, else: 413)
    }

    @Test("Body in chunks: 413 at the chunk that exceeds it")
    func chunkedBody() {
        expect(
            { count in
                "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(repeating: "1\r\na\r\n", count: count) + "0\r\n\r\n"
            }, upTo: 100, under: limits { $0.bodyBytesMax = 100 }, else: 413)
    }

    @Test("Chunk extensions, in one line or over many: 400")
    func chunkExtensions() {
        let limits = limits { $0.chunkExtensionBytesMax = 100 }
        let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        expect({ head + "0;\(String(repeating: "a", count: $0 - 2))\r\n\r\n" }, upTo: 100, under: limits, else: 400)
        let byteWithExtension = "1;\r\na\r\n"
        expect(
            { head + String(repeating: byteWithExtension, count: $0) + "0\r\n\r\n" }, upTo: 100, under: limits,
            else: 400)
    }

    @Test("An endless line is refused without being kept")
    func endlessLine() {
        var decoder = HTTPRequestDecoder()
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        var position = 0
        #expect(throws: HTTPError.requestLineTooLong) { try decoder.decode(piece.span, from: &position) }
        #expect(decoder.line.isEmpty)
    }

    @Test("Every error has a status of its class and one line of text")
    func errors() {
        let errors: [HTTPError] = [.requestLineTooLong, .headersTooLarge, .bodyTooLarge, .headTimeout]
        #expect(errors.map(\.status.code) == [414, 431, 413, 408])
        #expect(errors.allSatisfy { !$0.message.isEmpty && !$0.message.contains("\n") })
    }
}
