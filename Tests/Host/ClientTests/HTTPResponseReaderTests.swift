import Client
import Testing

@Suite("The HTTP client")
struct HTTPResponseReaderTests {
    private func read(_ text: String, inPiecesOf size: Int) throws -> (HTTPResponseReader, String) {
        var reader = HTTPResponseReader()
        var body: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            body += try reader.receive(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        return (reader, String(decoding: body, as: UTF8.self))
    }

    @Test("a counted body ends where its length says", arguments: [1, 2, 7, 1_000])
    func counted(size: Int) throws {
        let (reader, body) = try read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", inPiecesOf: size)
        #expect(reader.status == 200)
        #expect(reader.isComplete)
        #expect(body == "hello")
    }

    @Test("chunks are joined, however they arrive", arguments: [1, 3, 1_000])
    func chunked(size: Int) throws {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\nB;x=y\r\no, wide wor\r\n0\r\n\r\n"
        let (reader, body) = try read(text, inPiecesOf: size)
        #expect(reader.isComplete)
        #expect(body == "hello, wide wor")
    }

    @Test("fields after the chunks are kept, and bounded", arguments: [1, 1_000])
    func trailers(size: Int) throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
        let (reader, body) = try read(head + "Program-Outcome: failed\r\n\r\n", inPiecesOf: size)
        #expect(reader.isComplete && body == "a" && reader.trailers == ["program-outcome": "failed"])
        #expect(try !read(head + "Program-Outcome: failed\r\n", inPiecesOf: size).0.isComplete)
        let endless = (0..<100).map { "f\($0): v\r\n" }.joined()
        #expect(throws: BadAnswer.self) { try read(head + endless, inPiecesOf: size) }
    }

    @Test("text is encoded for a path or query")
    func percentEncoding() {
        #expect(ApplianceClient.percentEncoded("a-Z_0.~") == "a-Z_0.~")
        #expect(ApplianceClient.percentEncoded("ü b/&=%") == "%C3%BC%20b%2F%26%3D%25")
    }

    @Test("without a length the body ends with the connection")
    func untilClose() throws {
        let (reader, body) = try read("HTTP/1.1 503 Service Unavailable\r\n\r\nsoon", inPiecesOf: 4)
        #expect(reader.status == 503)
        #expect(!reader.isComplete)
        #expect(body == "soon")
    }

    @Test(
        "what is no HTTP is refused",
        arguments: [
            "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        ])
    func nonsense(text: String) {
        #expect(throws: BadAnswer.self) { try read(text, inPiecesOf: 1_000) }
    }
}
