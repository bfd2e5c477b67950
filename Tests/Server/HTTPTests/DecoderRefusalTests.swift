import Testing
@testable import HTTP

@Suite("Decoder: what is refused")
struct DecoderRefusalTests {
    @Test(
        "Request lines",
        arguments: [
            ("GET /", .malformedRequestLine), ("GET  / HTTP/1.1", .malformedRequestLine),
            ("GET / HTTP/1.1 ", .malformedRequestLine),
            (" GET / HTTP/1.1", .malformedRequestLine), ("GET\t/\tHTTP/1.1", .malformedRequestLine),
            ("GET /a b HTTP/1.1", .malformedRequestLine),
            ("GET / http/1.1", .malformedRequestLine), ("GET / HTTP/1", .malformedRequestLine),
            ("GET / HTTP/11", .malformedRequestLine),
            ("GET / HTTP/1.10", .malformedRequestLine), ("GET / HTTP/x.1", .malformedRequestLine),
            ("GET / FTP/1.1", .malformedRequestLine),
            ("G(T / HTTP/1.1", .malformedMethod), (" / HTTP/1.1", .malformedMethod),
            ("GÉT / HTTP/1.1", .malformedMethod),
            ("GET  HTTP/1.1", .malformedTarget), ("GET a HTTP/1.1", .malformedTarget),
            ("GET * HTTP/1.1", .malformedTarget),
            ("GET /# HTTP/1.1", .malformedTarget), ("GET /é HTTP/1.1", .malformedTarget),
            ("GET /%4 HTTP/1.1", .malformedTarget),
            ("GET /%xy HTTP/1.1", .malformedTarget), ("GET /%00 HTTP/1.1", .malformedTarget),
            ("GET /%ff HTTP/1.1", .malformedTarget),
            ("GET /\u{7F} HTTP/1.1", .malformedTarget), ("GET ftp://h/ HTTP/1.1", .malformedTarget),
            ("GET http:/// HTTP/1.1", .malformedTarget),
            ("CONNECT h:443 HTTP/1.1", .unsupportedMethod), ("GET / HTTP/2.0", .unsupportedVersion),
            ("PRI * HTTP/2.0", .unsupportedVersion),
            ("GET / HTTP/0.9", .unsupportedVersion), ("GET / HTTP/3.1", .unsupportedVersion),
        ] as [(String, HTTPError)])
    func requestLines(_ line: String, _ error: HTTPError) {
        #expect(decode("\(line)\r\nHost: h\r\n\r\n") == Decoded(error: error))
    }

    @Test(
        "Header lines",
        arguments: [
            ("X: 1\r\n folded", .foldedHeader), ("X: 1\r\n\tfolded", .foldedHeader), ("X : 1", .malformedHeaderName),
            (": 1", .malformedHeaderName), ("X", .malformedHeaderName), ("X Y: 1", .malformedHeaderName),
            ("X\u{B}: 1", .malformedHeaderName),
            ("Ü: 1", .malformedHeaderName), ("(x): 1", .malformedHeaderName), ("X: a\0b", .malformedHeaderValue),
            ("X: a\rb", .malformedHeaderValue), ("X: a\u{7F}b", .malformedHeaderValue),
            ("X: a\u{1}", .malformedHeaderValue),
            ("Expect: 200-ok", .unsupportedExpectation), ("Expect: 100-continue, x", .unsupportedExpectation),
            ("Host: h2", .repeatedHost),
        ] as [(String, HTTPError)])
    func headerLines(_ lines: String, _ error: HTTPError) {
        #expect(decode("GET / HTTP/1.1\r\nHost: h\r\n\(lines)\r\n\r\n") == Decoded(error: error))
    }

    @Test(
        "Hosts",
        arguments: [
            ("", .missingHost), ("Host: a b\r\n", .malformedHost), ("Host: a/b\r\n", .malformedHost),
            ("Host: a@b\r\n", .malformedHost),
            ("Host: é\r\n", .malformedHost),
        ] as [(String, HTTPError)])
    func hosts(_ field: String, _ error: HTTPError) {
        #expect(decode("GET / HTTP/1.1\r\n\(field)\r\n") == Decoded(error: error))
    }

    @Test(
        "Line ends other than CRLF",
        arguments: [
            "GET / HTTP/1.1\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\n",
            "\nGET / HTTP/1.1\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
        ])
    func lineEnds(_ text: String) {
        #expect(decode(text) == Decoded(error: .bareLineEnd))
    }

    @Test("More than one empty line before a request")
    func emptyLines() {
        #expect(decode("\r\n\r\nGET / HTTP/1.1\r\n") == Decoded(error: .malformedRequestLine))
    }

    /// Each is a way in which two servers in a row have been made to disagree about where a request ends.
    @Test(
        "Ambiguous framing",
        arguments: [
            ("Content-Length: 1\r\nTransfer-Encoding: chunked", .ambiguousLength),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1", .ambiguousLength),
            ("Content-Length: 1\r\nContent-Length: 2", .repeatedContentLength),
            ("Content-Length: 1\r\nContent-Length: 1", .repeatedContentLength),
            ("Content-Length: 1, 1", .malformedContentLength), ("Content-Length: +1", .malformedContentLength),
            ("Content-Length: -1", .malformedContentLength), ("Content-Length: 0x1", .malformedContentLength),
            ("Content-Length: 1 1", .malformedContentLength), ("Content-Length:", .malformedContentLength),
            ("Content-Length: 1.0", .malformedContentLength), ("Content-Length: １", .malformedContentLength),
            ("Content-Length : 1", .malformedHeaderName), ("Content-Length: 99999999999999999999999", .bodyTooLarge),
            ("Transfer-Encoding: chunked, chunked", .malformedTransferEncoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .malformedTransferEncoding),
            ("Transfer-Encoding: chunked, identity", .malformedTransferEncoding),
            ("Transfer-Encoding: chunked,", .malformedTransferEncoding),
            ("Transfer-Encoding:", .malformedTransferEncoding),
            ("Transfer-Encoding: gzip", .unsupportedTransferEncoding),
            ("Transfer-Encoding: gzip, chunked", .unsupportedTransferEncoding),
            ("Transfer-Encoding: identity", .unsupportedTransferEncoding),
            ("Transfer-Encoding: xchunked", .unsupportedTransferEncoding),
            ("Transfer-Encoding: chunked;q=1", .unsupportedTransferEncoding),
            ("Transfer-Encoding: \"chunked\"", .unsupportedTransferEncoding),
            ("Transfer-Encoding: \u{B}chunked", .malformedHeaderValue),
            ("Transfer-Encoding : chunked", .malformedHeaderName),
            ("Transfer-Encoding:\r\n chunked", .foldedHeader),
        ] as [(String, HTTPError)])
    func ambiguousFraming(_ fields: String, _ error: HTTPError) {
        #expect(decode("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n1\r\na\r\n0\r\n\r\n") == Decoded(error: error))
    }

    @Test("Transfer-Encoding in HTTP/1.0")
    func transferEncodingInHTTP1_0() {
        let text = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        #expect(decode(text) == Decoded(error: .transferEncodingInHTTP1_0))
    }

    @Test(
        "Chunks",
        arguments: [
            ("\r\n", .malformedChunk), ("x\r\n", .malformedChunk), ("-1\r\na\r\n", .malformedChunk),
            ("0x1\r\na\r\n", .malformedChunk),
            (" 1\r\na\r\n", .malformedChunk), ("1 \r\na\r\n", .malformedChunk), ("1 x\r\na\r\n", .malformedChunk),
            ("1;a\0\r\n", .malformedChunk),
            ("1;a\rb\r\na\r\n", .malformedChunk), ("1\r\nab\r\n", .malformedChunk), ("1\r\na\n", .bareLineEnd),
            ("1\r\na0\r\n", .malformedChunk),
            ("10000000000000000\r\n", .malformedChunk), ("0000000000000001\r\n", .malformedChunk),
            ("fffffffffffffff\r\n", .bodyTooLarge),
            ("0\r\nX : 1\r\n\r\n", .malformedHeaderName), ("0\r\n folded\r\n\r\n", .foldedHeader),
            ("0\r\nGET / HTTP/1.1\r\n", .malformedHeaderName),
        ] as [(String, HTTPError)])
    func chunks(_ body: String, _ error: HTTPError) {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(decode(head + body) == Decoded(error: error))
    }

    @Test("After an error every further byte is refused alike")
    func errorIsFinal() throws {
        var decoder = HTTPRequestDecoder()
        for text in ["GET\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"] {
            var position = 0
            #expect(throws: HTTPError.malformedRequestLine) {
                try decoder.decode(Array(text.utf8).span, from: &position)
            }
        }
    }
}
