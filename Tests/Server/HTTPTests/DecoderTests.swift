import Testing
@testable import HTTP

@Suite("Decoder: what is accepted")
struct DecoderTests {
    private func request(_ text: String) throws -> HTTPRequest {
        let decoded = decode(text)
        #expect(decoded.error == nil)
        return try #require(decoded.requests.first)
    }

    @Test(
        "Methods",
        arguments: [
            ("GET", .get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete), ("OPTIONS", .options),
            ("PATCH", .patch), ("TRACE", .trace), ("get", .other("get")), ("M-SEARCH", .other("M-SEARCH")),
        ] as [(String, HTTPMethod)])
    func methods(_ token: String, _ method: HTTPMethod) throws {
        #expect(try request("\(token) / HTTP/1.1\r\nHost: h\r\n\r\n").method == method)
        #expect(method.name == token)
    }

    @Test(
        "Targets become path and query",
        arguments: [
            ("/", "/", ""), ("/a/b", "/a/b", ""), ("/a?b=c&d", "/a", "b=c&d"), ("/?", "/", ""), ("/a??b", "/a", "?b"),
            ("/%41%c3%a9%20", "/Aé ", ""), ("/a%2Fb", "/a/b", ""), ("http://h/p?q", "/p", "q"),
            ("HTTP://h:80", "/", ""),
            ("https://h?q", "/", "q"), ("//a", "//a", ""), ("/a?%zz", "/a", "%zz"), ("/..;/", "/..;/", ""),
        ])
    func targets(_ target: String, _ path: String, _ query: String) throws {
        let request = try request("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(request.path == path)
        #expect(request.query == Array(query.utf8))
    }

    @Test("OPTIONS may ask about the server as a whole")
    func asterisk() throws {
        #expect(try request("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").path == "*")
    }

    @Test(
        "Query values are decoded on demand",
        arguments: [
            ("a=1&b=2", "b", "2"), ("a=x+y%26z", "a", "x y&z"), ("flag", "flag", ""), ("a=1&a=2", "a", "1"),
            ("%61=1", "a", "1"),
            ("a=b=c", "a", "b=c"), ("a=%zz", "a", nil), ("a=%ff", "a", nil), ("", "a", nil), ("&&", "", nil),
            ("=x", "", "x"),
        ] as [(String, String, String?)])
    func queryValues(_ query: String, _ name: String, _ value: String?) throws {
        #expect(try request("GET /?\(query) HTTP/1.1\r\nHost: h\r\n\r\n").queryValue(of: name) == value)
    }

    @Test(
        "Versions: a later minor version counts as 1.1",
        arguments: [
            ("1.0", HTTPVersion.http1_0), ("1.1", .http1_1), ("1.2", .http1_1), ("1.9", .http1_1),
        ])
    func versions(_ text: String, _ version: HTTPVersion) throws {
        #expect(try request("GET / HTTP/\(text)\r\nHost: h\r\n\r\n").version == version)
    }

    @Test("Header names ignore case, values lose the white space around them and keep their bytes")
    func headers() throws {
        let text = "GET / HTTP/1.1\r\nHOST: h\r\nX-A: \t 1 2 \t\r\nx-a:3\r\nEmpty:\r\nLatin: "
        let decoded = decode(Array(text.utf8) + [0xE9] + Array("\r\n\r\n".utf8))
        let headers = try #require(decoded.requests.first?.headers)
        #expect(headers["host"] == "h")
        #expect(headers["X-a"] == "1 2")
        #expect(headers.values(of: "x-a").map { String(decoding: $0, as: UTF8.self) } == ["1 2", "3"])
        #expect(headers["empty"] == "")
        #expect(headers.value(of: "latin") == [0xE9])
        #expect(headers["absent"] == nil)
    }

    @Test(
        "Host may name a port, a literal address, or nothing", arguments: ["h", "h:80", "[::1]:8080", "", "a_b.c-d~"])
    func hosts(_ host: String) throws {
        #expect(try request("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").headers["host"] == host)
    }

    @Test("HTTP/1.0 needs no Host")
    func noHost() throws {
        #expect(try request("GET / HTTP/1.0\r\n\r\n").headers == HTTPHeaders())
    }

    @Test("One empty line before a request is ignored")
    func emptyLine() {
        let text = "\r\nGET /1 HTTP/1.1\r\nHost: h\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
        #expect(decode(text).requests.map(\.path) == ["/1", "/2"])
    }

    @Test("Chunks make one body; extensions and trailers are dropped")
    func chunks() throws {
        let request = try request(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "5\r\nhello\r\n00A;a=b; c=\"d\"\r\n0123456789\r\n"
                + "1 \t;x\r\n!\r\n0\r\nX-Trailer: 1\r\nHost: evil\r\n\r\n")
        #expect(request.body == Array("hello0123456789!".utf8))
        #expect(request.headers["x-trailer"] == nil)
        #expect(request.headers["host"] == "h")
    }

    @Test("Lengths: with leading zeros, and a GET with a body")
    func lengths() throws {
        #expect(try request("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0003\r\n\r\nabc").body == Array("abc".utf8))
        #expect(try request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").body.isEmpty)
    }

    @Test("Pipelined requests come out in order, whatever their framing")
    func pipelining() {
        let decoded = decode(
            "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                + "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n"
                + "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(decoded.requests.map(\.path) == ["/1", "/2", "/3"])
        #expect(decoded.requests.map { String(decoding: $0.body, as: UTF8.self) } == ["abc", "def", ""])
    }

    @Test("Expect announces itself before the body, in HTTP/1.1 and with a body only")
    func expectation() {
        func events(_ version: String, _ fields: String) -> [HTTPRequestDecoder.Event] {
            decode("POST / HTTP/\(version)\r\nHost: h\r\nExpect: 100-Continue\r\n\(fields)\r\n").events
        }
        #expect(events("1.1", "Content-Length: 1\r\n") == [.expectsContinue])
        #expect(events("1.0", "Content-Length: 1\r\n") == [])
        let withoutBody = events("1.1", "")
        #expect(withoutBody.count == 1 && withoutBody != [.expectsContinue])
    }

    @Test(
        "Persistence follows version and Connection",
        arguments: [
            ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: x, CLOSE\r\n", false),
            ("1.1", "Connection: x\r\nConnection: close\r\n", false), ("1.0", "", false),
            ("1.0", "Connection: Keep-Alive\r\n", true), ("1.0", "Connection: keep-alive, close\r\n", false),
        ])
    func persistence(_ version: String, _ field: String, _ keepsAlive: Bool) throws {
        #expect(try request("GET / HTTP/\(version)\r\nHost: h\r\n\(field)\r\n").keepsAlive == keepsAlive)
    }
}
