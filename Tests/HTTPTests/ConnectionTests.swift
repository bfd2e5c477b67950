import MonotonicTime
import Testing
@testable import HTTP

@Suite("Connection")
struct ConnectionTests {
    private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    private let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    private let okThenClose = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"

    private func connection(_ limits: HTTPLimits = HTTPLimits()) -> HTTPServerConnection {
        HTTPServerConnection(limits: limits, now: .origin)
    }

    // MARK: Responses

    @Test("Requests on a kept-alive connection are answered one after the other")
    func keepAlive() {
        var connection = connection()
        for _ in 0..<3 {
            connection.receive(get)
            #expect(connection.nextRequest()?.path == "/")
            #expect(connection.nextEvent() == nil)
            connection.respond(HTTPResponseHead(.ok), body: Array("ok".utf8), now: .origin)
            #expect(connection.takeText() == ok)
            #expect(connection.disposition == .open)
        }
    }

    @Test("A streamed response goes out in chunks, empty ones left out")
    func chunks() {
        var connection = connection()
        connection.receive(get)
        _ = connection.nextEvent()
        connection.beginResponse(HTTPResponseHead(.ok, contentType: ServerSentEvent.contentType), now: .origin)
        #expect(connection.takeText() == """
            HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n
            """)
        connection.write(Array("0123456789abcdef0".utf8), now: .origin)
        connection.write([], now: .origin)
        #expect(connection.takeText() == "11\r\n0123456789abcdef0\r\n")
        connection.writeEvent(data: Array("[DONE]".utf8).span, now: .origin)
        #expect(connection.takeText() == "e\r\ndata: [DONE]\n\n\r\n")
        connection.endResponse(now: .origin)
        #expect(connection.takeText() == "0\r\n\r\n")
        #expect(connection.disposition == .open)
    }
}
