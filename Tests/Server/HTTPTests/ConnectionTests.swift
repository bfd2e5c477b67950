import MonotonicTime
import Testing
@testable import HTTP

private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
private let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
private let okThenClose = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"

extension HTTPServerConnection {
    /// Answers the request taken last with "ok".
    fileprivate mutating func respondOK() {
        respond(HTTPResponseHead(.ok), body: Array("ok".utf8), now: .origin)
    }
}

@Suite("Connection: responses")
struct ResponseTests {
    private func connection(after text: String) -> HTTPServerConnection {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive(text)
        #expect(connection.nextRequest() != nil)
        return connection
    }

    @Test("Requests on a kept-alive connection are answered one after the other")
    func keepAlive() {
        var connection = HTTPServerConnection(now: .origin)
        for _ in 0..<3 {
            connection.receive(get)
            #expect(connection.nextRequest()?.path == "/")
            #expect(connection.nextEvent() == nil)
            #expect(connection.isResponding)
            connection.respondOK()
            #expect(connection.takeText() == ok)
            #expect(connection.disposition == .open)
            #expect(!connection.isResponding)
        }
    }

    @Test("A streamed response goes out in chunks, empty ones left out")
    func chunks() {
        var connection = connection(after: get)
        connection.beginResponse(HTTPResponseHead(.ok, contentType: ServerSentEvent.contentType), now: .origin)
        #expect(
            connection.takeText() == """
                HTTP/1.1 200 OK\r
                content-type: text/event-stream\r
                transfer-encoding: chunked\r
                \r\n
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

    @Test("HEAD gets the head of the response and nothing else, whole or streamed")
    func head() {
        var connection = connection(after: "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        connection.respondOK()
        #expect(connection.takeText() == "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
        connection.receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(connection.nextRequest() != nil)
        connection.beginResponse(HTTPResponseHead(.ok), now: .origin)
        connection.write(Array("x".utf8), now: .origin)
        connection.endResponse(now: .origin)
        #expect(connection.takeText() == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        #expect(connection.disposition == .open)
    }

    @Test("A 204 has neither body nor length")
    func noContent() {
        var connection = connection(after: get)
        connection.respond(HTTPResponseHead(.noContent), body: Array("x".utf8), now: .origin)
        #expect(connection.takeText() == "HTTP/1.1 204 No Content\r\n\r\n")
    }

    @Test("HTTP/1.0: closed by default, kept when asked, and streams end with the connection")
    func http1_0() {
        var closing = connection(after: "GET / HTTP/1.0\r\n\r\n")
        closing.respondOK()
        #expect(closing.takeText() == okThenClose)
        #expect(closing.disposition == .finishSending)

        var kept = connection(after: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        kept.respondOK()
        #expect(kept.takeText() == "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok")
        #expect(kept.disposition == .open)

        var streamed = connection(after: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        streamed.beginResponse(HTTPResponseHead(.ok), now: .origin)
        streamed.write(Array("ab".utf8), now: .origin)
        streamed.endResponse(now: .origin)
        #expect(streamed.takeText() == "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab")
        #expect(streamed.disposition == .finishSending)
    }

    @Test("What frames the message is the connection's to say; what the owner gives is left out or made harmless")
    func ownedFields() {
        var connection = connection(after: get)
        var head = HTTPResponseHead(.tooManyRequests)
        head.headers.append("Content-Length", "999")
        head.headers.append("Transfer-Encoding", "chunked")
        head.headers.append("Connection", "close")
        head.headers.append("Retry-After", "1\r\nSet-Cookie: x")
        connection.respond(head, now: .origin)
        #expect(
            connection.takeText() == """
                HTTP/1.1 429 Too Many Requests\r
                retry-after: 1  Set-Cookie: x\r
                content-length: 0\r
                \r\n
                """)
    }

    @Test("100 Continue is sent when the client waits, after earlier responses, and not when the body is there")
    func expectContinue() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        var connection = HTTPServerConnection(now: .origin)
        connection.receive(head)
        #expect(connection.takeText() == "HTTP/1.1 100 Continue\r\n\r\n")
        connection.receive("ab")
        #expect(connection.nextRequest()?.body == Array("ab".utf8))
        connection.receive(head)
        #expect(connection.takeText() == "")
        connection.respondOK()
        #expect(connection.takeText() == ok + "HTTP/1.1 100 Continue\r\n\r\n")

        var prompt = HTTPServerConnection(now: .origin)
        prompt.receive(head + "ab")
        #expect(prompt.nextRequest() != nil)
        #expect(prompt.takeText() == "")

        var refused = HTTPServerConnection(now: .origin)
        refused.receive("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
        #expect(refused.takeText() == "")
        #expect(refused.nextRefusal() == .bodyTooLarge)
    }
}

@Suite("Connection: order, limits and ends")
struct ConnectionTests {
    @Test("Pipelined requests wait their turn")
    func pipelining() {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HT")
        #expect(connection.nextRequest()?.path == "/1")
        #expect(connection.nextEvent() == nil)
        connection.receive("TP/1.1\r\nHost: h\r\n\r\n")
        #expect(connection.nextEvent() == nil)
        for path in ["/2", "/3"] {
            connection.respondOK()
            #expect(connection.nextRequest()?.path == path)
        }
        connection.respondOK()
        #expect(connection.takeText() == ok + ok + ok)
        #expect(connection.nextEvent() == nil)
    }

    @Test("A request that comes while another is answered is also answered when it comes byte by byte")
    func byteByByte() {
        var connection = HTTPServerConnection(now: .origin)
        for byte in (get + get).utf8 { connection.receive([byte].span, now: .origin) }
        for _ in 0..<2 {
            #expect(connection.nextRequest() != nil)
            connection.respondOK()
        }
        #expect(connection.takeText() == ok + ok)
    }

    @Test("The queue of pipelined bytes is bounded: past it the connection answers what it has and closes")
    func queueBound() {
        var limits = HTTPLimits()
        limits.pipelinedBytesMax = 2 * get.utf8.count
        var exact = HTTPServerConnection(limits: limits, now: .origin)
        exact.receive(get)
        #expect(exact.receiveCapacity == limits.pipelinedBytesMax)
        exact.receive(get + get)
        #expect(exact.receiveCapacity == 0)
        var cut = exact
        cut.receive("G")
        for _ in 0..<3 {
            #expect(exact.nextRequest() != nil)
            exact.respondOK()
            #expect(cut.nextRequest() != nil)
            cut.respondOK()
        }
        #expect(exact.disposition == .open)
        #expect(cut.disposition == .close)
        #expect(cut.nextEvent() == nil)
    }

    @Test("Connection: close is honoured, and what follows is not read")
    func close() {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get)
        #expect(connection.nextRequest() != nil)
        connection.respondOK()
        #expect(connection.takeText() == okThenClose)
        #expect(connection.disposition == .finishSending)
        connection.receive(get)
        #expect(connection.nextEvent() == nil)
        connection.peerClosed(now: .origin)
        #expect(connection.disposition == .close)
    }

    @Test("A refusal is answered, then the connection lingers and closes")
    func refusal() {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive("BAD\r\n" + get)
        let error = connection.nextRefusal()
        #expect(error == .malformedRequestLine)
        connection.respond(HTTPResponseHead(error?.status ?? .ok), now: .origin)
        #expect(
            connection.takeText() == """
                HTTP/1.1 400 Bad Request\r
                content-length: 0\r
                connection: close\r
                \r\n
                """)
        #expect(connection.disposition == .finishSending)
        connection.receive(get)
        #expect(connection.nextEvent() == nil)
    }

    @Test("A pipelined refusal comes after the responses before it")
    func pipelinedRefusal() {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive(get + "BAD\r\n")
        #expect(connection.nextRequest() != nil)
        connection.respondOK()
        #expect(connection.nextRefusal() == .malformedRequestLine)
    }

    @Test("A peer that closes between requests ends the connection")
    func peerCloses() {
        var connection = HTTPServerConnection(now: .origin)
        connection.peerClosed(now: .origin)
        #expect(connection.disposition == .close)
    }

    @Test(
        "A peer that closes inside a request gets 400",
        arguments: [
            "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab",
        ])
    func peerClosesInside(_ text: String) {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive(text)
        connection.peerClosed(now: .origin)
        #expect(connection.nextRefusal() == .incompleteRequest)
        connection.respond(HTTPResponseHead(.badRequest), now: .origin)
        #expect(connection.disposition == .close)
    }

    @Test("A half-closed peer still gets its answers, if the owner wants it so")
    func halfClose() {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive(get + get)
        connection.peerClosed(now: .origin)
        #expect(connection.isPeerClosed)
        for _ in 0..<2 {
            #expect(connection.nextRequest() != nil)
            connection.respondOK()
        }
        #expect(connection.disposition == .close)
        #expect(connection.takeText() == ok + ok)
    }

    @Test("An aborted response is cut short, and late writes go nowhere")
    func abort() {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive(get)
        _ = connection.nextEvent()
        connection.beginResponse(HTTPResponseHead(.ok), now: .origin)
        connection.abort()
        connection.write(Array("late".utf8), now: .origin)
        connection.endResponse(now: .origin)
        connection.respondOK()
        #expect(connection.takeText() == "")
        #expect(connection.disposition == .abort)
        #expect(connection.nextDeadline == .distantFuture)
    }

    @Test("Draining closes an idle connection at once and a busy one after its response")
    func drain() {
        var idle = HTTPServerConnection(now: .origin)
        idle.drain()
        #expect(idle.disposition == .close)

        var waiting = HTTPServerConnection(now: .origin)
        waiting.receive(get)
        waiting.drain()
        #expect(waiting.nextRequest() != nil)
        waiting.respondOK()
        #expect(waiting.takeText() == okThenClose)

        var responding = HTTPServerConnection(now: .origin)
        responding.receive(get)
        #expect(responding.nextRequest() != nil)
        responding.drain()
        responding.respondOK()
        #expect(responding.takeText() == okThenClose)
        #expect(responding.disposition == .finishSending)

        var streaming = HTTPServerConnection(now: .origin)
        streaming.receive(get + get)
        #expect(streaming.nextRequest() != nil)
        streaming.beginResponse(HTTPResponseHead(.ok), now: .origin)
        streaming.drain()
        streaming.endResponse(now: .origin)
        #expect(streaming.nextEvent() == nil)
        #expect(streaming.disposition == .finishSending)
    }

    @Test("What a connection holds is reported, and given back when it is done")
    func memory() {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n")
        connection.receive(String(repeating: "a", count: 60))
        #expect(connection.bufferedByteCount == 60)
        connection.receive(String(repeating: "a", count: 40) + get)
        #expect(connection.bufferedByteCount == get.utf8.count)
        #expect(connection.nextRequest() != nil)
        connection.respond(HTTPResponseHead(.ok), body: [UInt8](repeating: 0, count: 1 << 20), now: .origin)
        #expect(connection.bufferedByteCount > 1 << 20)
        #expect(connection.nextRequest() != nil)
        _ = connection.takeOutput(now: .origin)
        #expect(connection.bufferedByteCount == 0)
        #expect(connection.outputBuffer.capacity == 0)
        #expect(connection.queue.capacity == 0)
    }

    @Test("Output is taken piece by piece and its backlog reported")
    func output() {
        var connection = HTTPServerConnection(now: .origin)
        connection.receive(get)
        _ = connection.nextEvent()
        connection.beginResponse(HTTPResponseHead(.ok), now: .origin)
        _ = connection.takeText()
        var sent: [UInt8] = []
        for value in 0..<UInt8(200) {
            connection.write([value], now: .origin)
            let count = min(connection.outputBacklog, 5)
            for index in 0..<count { sent.append(connection.output[index]) }
            connection.removeOutput(count, now: .origin)
        }
        #expect(connection.outputBacklog == 200 * 6 - 200 * 5)
        sent += connection.takeOutput(now: .origin)
        let chunks = (0..<UInt8(200)).flatMap { byte -> [UInt8] in [0x31, 0x0D, 0x0A, byte, 0x0D, 0x0A] }
        #expect(sent == chunks)
        #expect(connection.outputBacklog == 0)
    }
}
