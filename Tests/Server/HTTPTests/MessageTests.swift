import Testing
@testable import HTTP

@Suite("Messages")
struct MessageTests {
    @Test(
        "Events: one data line for each line, whatever ends it",
        arguments: [
            ("x", "data: x\n\n"), ("", "data: \n\n"), ("a\nb", "data: a\ndata: b\n\n"),
            ("a\r\nb\rc", "data: a\ndata: b\ndata: c\n\n"),
            ("a\n", "data: a\ndata: \n\n"), ("\n\n", "data: \ndata: \ndata: \n\n"), ("é\n😀", "data: é\ndata: 😀\n\n"),
            ("\r", "data: \ndata: \n\n"),
        ])
    func events(_ data: String, _ expected: String) {
        let bytes = Array(data.utf8)
        var output: [UInt8] = []
        ServerSentEvent.encode(data: bytes.span, into: &output)
        #expect(String(decoding: output, as: UTF8.self) == expected)
        #expect(ServerSentEvent.encodedCount(data: bytes.span) == output.count)
    }

    @Test(
        "Percent-decoding",
        arguments: [
            ("", ""), ("abc", "abc"), ("%41%7a", "Az"), ("%", nil), ("%4", nil), ("%4g", nil), ("a%20b", "a b"),
            ("+", "+"),
            ("%25%32%35", "%25"),
        ] as [(String, String?)])
    func percentDecoding(_ text: String, _ expected: String?) {
        #expect(PercentEncoding.decode(Array(text.utf8).span) == expected.map { Array($0.utf8) })
    }

    @Test("Lists are searched across fields and without regard to case")
    func lists() {
        var headers = HTTPHeaders()
        headers.append("Accept", "text/plain, Text/HTML")
        headers.append("accept", "a/b")
        #expect(headers.list("ACCEPT", contains: "text/html"))
        #expect(headers.list("accept", contains: "A/B"))
        #expect(!headers.list("accept", contains: "html"))
        #expect(!headers.list("other", contains: "a/b"))
    }

    @Test(
        "Numbers are written in the base asked for",
        arguments: [
            (0, 10, "0"), (7, 16, "7"), (255, 16, "ff"), (4096, 16, "1000"), (1234567890, 10, "1234567890"),
            (Int.max, 16, "7fffffffffffffff"),
        ])
    func numbers(_ value: Int, _ radix: Int, _ expected: String) {
        var output: [UInt8] = []
        output.append(value, radix: radix)
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }
}
