import MonotonicTime
import Testing
@testable import HTTP

/// A connection whose owner is asked before a body is received.
@Suite("Connection: bodies that need a grant")
struct BodyGrantTests {
    private func connection(unasked: Int = 0) -> HTTPServerConnection {
        var limits = HTTPLimits()
        limits.unaskedBodyBytesMax = unasked
        return HTTPServerConnection(limits: limits, now: .origin)
    }

    private func post(_ fields: String) -> String { "POST /path HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n" }

    @Test("A body is announced with its head before a byte of it is kept, and follows once it is granted")
    func fixedBody() {
        var connection = connection()
        connection.receive(post("Authorization: Bearer k\r\nContent-Length: 6") + "abc")
        guard case .body(of: let request, byteCount: 6) = connection.nextEvent() else {
            Issue.record("no announcement")
            return
        }
        #expect(request.path == "/path")
        #expect(request.headers.value(of: "authorization") == Array("Bearer k".utf8))
        #expect(request.body.isEmpty)
        #expect(connection.decoder.bodyByteCount == 0)
        #expect(connection.isReceivingBody)
        connection.grantBody(6, now: .origin)
        #expect(connection.decoder.bodyByteCount == 3)
        connection.receive("def")
        #expect(connection.nextRequest()?.body == Array("abcdef".utf8))
        #expect(!connection.isReceivingBody)
    }

    @Test("A request without a body is not announced")
    func withoutBody() {
        var connection = connection()
        connection.receive(post("Content-Length: 0"))
        #expect(connection.nextRequest() != nil)
    }

    @Test("A body that is not granted is answered at its head, and the connection closes")
    func refused() {
        var connection = connection()
        connection.receive(post("Content-Length: 1000") + "abc")
        _ = connection.nextEvent()
        connection.respond(HTTPResponseHead(.unauthorized), now: .origin)
        #expect(connection.takeText().contains("\r\nconnection: close\r\n"))
        #expect(connection.bufferedByteCount == 0)
        // What the client still sends is dropped until it has read the answer.
        #expect(connection.disposition == .finishSending)
        connection.receive(String(repeating: "x", count: 997))
        #expect(connection.bufferedByteCount == 0)
        #expect(connection.nextEvent() == nil)
        connection.peerClosed(now: .origin)
        #expect(connection.disposition == .close)
    }

    @Test("A body that is skipped passes by unkept, and the connection stays open")
    func skipped() {
        var connection = connection()
        connection.receive(post("Content-Length: 6") + "abc")
        _ = connection.nextEvent()
        let isSkipped = connection.skipBody(now: .origin)
        #expect(isSkipped)
        #expect(connection.bufferedByteCount == 0)
        connection.receive("def")
        #expect(connection.nextRequest()?.body.isEmpty == true)
        connection.respond(HTTPResponseHead(.unauthorized), now: .origin)
        #expect(connection.disposition == .open)

        connection.receive(post("Expect: 100-continue\r\nContent-Length: 6"))
        _ = connection.nextEvent()
        let isWaitingSkipped = connection.skipBody(now: .origin)
        #expect(!isWaitingSkipped)
    }

    @Test("A client that waits for 100 Continue gets it with the grant, once, or the answer instead")
    func expectContinue() {
        let head = post("Expect: 100-continue\r\nTransfer-Encoding: chunked")
        var granted = connection()
        granted.receive(head)
        #expect(granted.takeText() == "")
        #expect(granted.nextEvent() != nil)
        granted.grantBody(2, now: .origin)
        #expect(granted.takeText() == "HTTP/1.1 100 Continue\r\n\r\n")
        granted.receive("3\r\nabc\r\n0\r\n\r\n")
        #expect(granted.nextEvent() != nil)
        granted.grantBody(4, now: .origin)
        #expect(granted.takeText() == "")
        #expect(granted.nextRequest()?.body == Array("abc".utf8))

        var refused = connection()
        refused.receive(head)
        _ = refused.nextEvent()
        refused.respond(HTTPResponseHead(.serviceUnavailable), now: .origin)
        #expect(refused.takeText().hasPrefix("HTTP/1.1 503 "))
    }

    @Test("A chunked body asks again before the chunk that exceeds its grant, for at least twice as much")
    func chunkedBody() {
        var connection = connection()
        connection.receive(post("Transfer-Encoding: chunked") + "4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n")
        guard case .body(_, byteCount: 0) = connection.nextEvent() else {
            Issue.record("no announcement")
            return
        }
        connection.grantBody(4, now: .origin)
        guard case .body(_, byteCount: 8) = connection.nextEvent() else {
            Issue.record("no second announcement")
            return
        }
        #expect(connection.decoder.bodyByteCount == 4)
        connection.grantBody(8, now: .origin)
        #expect(connection.nextRequest()?.body == Array("abcde".utf8))
    }

    @Test("A body within what is unasked is not announced")
    func unasked() {
        var connection = connection(unasked: 4)
        connection.receive(post("Content-Length: 4") + "abcd")
        #expect(connection.nextRequest()?.body.count == 4)
        connection.respond(HTTPResponseHead(.ok), now: .origin)
        connection.receive(post("Content-Length: 5") + "abcde")
        guard case .body(_, byteCount: 5) = connection.nextEvent() else {
            Issue.record("no announcement")
            return
        }
    }

    @Test("The time that a body has runs from its announcement, whenever more is granted")
    func time() {
        var connection = connection()
        connection.receive(post("Transfer-Encoding: chunked") + "1\r\na\r\n", now: .seconds(5))
        _ = connection.nextEvent()
        connection.grantBody(1, now: .seconds(5))
        let deadline = connection.nextDeadline
        connection.receive("1\r\nb\r\n", now: .seconds(9))
        _ = connection.nextEvent()
        connection.grantBody(2, now: .seconds(9))
        #expect(connection.nextDeadline < deadline + .seconds(1))
        connection.advance(to: .seconds(60))
        #expect(connection.nextRefusal() == .bodyTimeout)
        #expect(!connection.isReceivingBody)
    }

    @Test("A peer that closes within an announced body is refused")
    func peerCloses() {
        var connection = connection()
        connection.receive(post("Content-Length: 5") + "ab")
        connection.peerClosed(now: .origin)
        _ = connection.nextEvent()
        connection.grantBody(5, now: .origin)
        #expect(connection.nextRefusal() == .incompleteRequest)
    }
}
