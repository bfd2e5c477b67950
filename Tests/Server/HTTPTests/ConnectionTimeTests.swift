import MonotonicTime
import Testing
@testable import HTTP

@Suite("Connection: time")
struct ConnectionTimeTests {
    private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    private var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.idleTimeout = .seconds(60)
        limits.headTimeout = .seconds(10)
        limits.bodyTimeout = .seconds(20)
        limits.bodyBytesPerSecondMin = 10
        limits.stallTimeout = .seconds(30)
        limits.lingerTimeout = .seconds(2)
        return limits
    }

    private func connection() -> HTTPServerConnection {
        HTTPServerConnection(limits: limits, now: .seconds(100))
    }

    @Test("An idle connection closes, first and between requests")
    func idle() {
        var connection = connection()
        #expect(connection.nextDeadline == .seconds(160))
        connection.receive(get, now: .seconds(150))
        #expect(connection.nextDeadline == .distantFuture)
        _ = connection.nextEvent()
        connection.respond(HTTPResponseHead(.ok), now: .seconds(1_000))
        _ = connection.takeText(now: .seconds(1_000))
        #expect(connection.nextDeadline == .seconds(1_060))
        connection.advance(to: .milliseconds(1_059_999))
        #expect(connection.disposition == .open)
        connection.advance(to: .seconds(1_060))
        #expect(connection.disposition == .close)
        #expect(connection.takeText() == "")
    }

    @Test("Headers that drip in do not move their deadline")
    func slowHead() {
        var connection = connection()
        for (second, byte) in get.utf8.dropLast().enumerated() {
            connection.receive([byte].span, now: .seconds(100) + .milliseconds(UInt64(second) * 100))
        }
        #expect(connection.nextDeadline == .seconds(110))
        connection.advance(to: .seconds(110))
        #expect(connection.nextRefusal() == .headTimeout)
        connection.respond(HTTPResponseHead(.requestTimeout), now: .seconds(110))
        #expect(connection.takeText(now: .seconds(110)).hasPrefix("HTTP/1.1 408 "))
        #expect(connection.disposition == .finishSending)
    }

    @Test("A body earns time by the bytes it brings")
    func slowBody() {
        var connection = connection()
        connection.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n", now: .seconds(105))
        #expect(connection.nextDeadline == .seconds(125))
        connection.receive(String(repeating: "a", count: 50), now: .seconds(120))
        #expect(connection.nextDeadline == .seconds(130))
        connection.advance(to: .seconds(130))
        #expect(connection.nextRefusal() == .bodyTimeout)
    }

    @Test("A pipelined request's clocks start when it is its turn")
    func pipelined() {
        var connection = connection()
        connection.receive(get + "GET / HT", now: .seconds(100))
        _ = connection.nextEvent()
        connection.respond(HTTPResponseHead(.ok), now: .seconds(500))
        _ = connection.takeText(now: .seconds(500))
        #expect(connection.nextDeadline == .seconds(510))
    }

    @Test("A reader that stops reading is aborted; progress gives it more time")
    func stalledReader() {
        var connection = connection()
        connection.receive(get, now: .seconds(100))
        _ = connection.nextEvent()
        connection.beginResponse(HTTPResponseHead(.ok), now: .seconds(100))
        #expect(connection.nextDeadline == .seconds(130))
        connection.write(Array("x".utf8), now: .seconds(110))
        #expect(connection.nextDeadline == .seconds(130))
        connection.removeOutput(1, now: .seconds(120))
        #expect(connection.nextDeadline == .seconds(150))
        var drained = connection
        drained.removeOutput(drained.outputBacklog, now: .seconds(121))
        #expect(drained.nextDeadline == .distantFuture)
        connection.advance(to: .seconds(150))
        #expect(connection.disposition == .abort)
    }

    @Test("The last response lingers, counted from when it has been sent")
    func linger() {
        var connection = connection()
        connection.receive("GET / HTTP/1.0\r\n\r\n", now: .seconds(100))
        _ = connection.nextEvent()
        connection.respond(HTTPResponseHead(.ok), now: .seconds(100))
        #expect(connection.nextDeadline == .seconds(130))
        _ = connection.takeText(now: .seconds(110))
        #expect(connection.disposition == .finishSending)
        #expect(connection.nextDeadline == .seconds(112))
        connection.advance(to: .seconds(112))
        #expect(connection.disposition == .close)
    }
}
