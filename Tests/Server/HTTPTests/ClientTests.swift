import Testing
@testable import HTTP

@Suite("Real clients")
struct ClientTests {
    @Test("curl's GET")
    func curlGet() throws {
        let request = try #require(decode(ClientGoldens.curlGet).requests.first)
        #expect(request.method == .get)
        #expect(request.path == "/health")
        #expect(request.version == .http1_1)
        #expect(request.headers["Host"] == "127.0.0.1:18080")
        #expect(request.headers["user-agent"] == "curl/7.88.1")
        #expect(request.body.isEmpty)
        #expect(request.keepsAlive)
    }

    @Test("curl's HEAD")
    func curlHead() {
        #expect(decode(ClientGoldens.curlHead).requests.map(\.method) == [.head])
    }

    @Test("curl's POST")
    func curlPost() throws {
        let request = try #require(decode(ClientGoldens.curlPost).requests.first)
        #expect(request.method == .post)
        #expect(request.path == "/v1/chat/completions")
        #expect(request.headers["authorization"] == "Bearer sk-1")
        #expect(request.body.count == 77)
    }

    @Test("curl's chunked POST that waits for the go-ahead")
    func curlExpectChunked() throws {
        let decoded = decode(ClientGoldens.curlExpectChunked)
        #expect(decoded.events.first == .expectsContinue)
        #expect(decoded.requests.first?.body.count == 77)
        #expect(decoded.error == nil)
    }

    @Test("curl's HTTP/1.0 GET with a query")
    func curlHTTP1_0() throws {
        let request = try #require(decode(ClientGoldens.curlHTTP1_0).requests.first)
        #expect(request.version == .http1_0)
        #expect(request.path == "/v1/models")
        #expect(request.queryValue(of: "limit") == "2")
        #expect(request.queryValue(of: "q") == "a b")
        #expect(request.queryValue(of: "x") == nil)
        #expect(!request.keepsAlive)
    }

    @Test("The openai client's streaming chat completion")
    func openAIStream() throws {
        let request = try #require(decode(ClientGoldens.openAIStream).requests.first)
        #expect(request.path == "/v1/chat/completions")
        #expect(request.headers["x-stainless-lang"] == "python")
        #expect(request.headers.list("connection", contains: "keep-alive"))
        #expect(String(decoding: request.body, as: UTF8.self).hasSuffix("\"content\":\"Grüße\"}]}"))
    }

    @Test("The openai client's model list")
    func openAIModels() {
        #expect(decode(ClientGoldens.openAIModels).requests.map(\.path) == ["/v1/models"])
    }

    @Test("urllib's POST, which closes")
    func urllibPost() throws {
        let request = try #require(decode(ClientGoldens.urllibPost).requests.first)
        #expect(request.body == Array("{}".utf8))
        #expect(!request.keepsAlive)
    }
}
