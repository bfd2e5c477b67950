import EngineFixtures
import Law
import MonotonicTime
import Testing
@testable import HTTP
@testable import Serving

/// What all connections together may hold of request bodies, and for whom.
@Suite("Server: memory for request bodies")
struct BodyBudgetTests {
    private static let bodyBytes = 1 << 20

    private func harness(bodies: Int = 4, law: Law = ServerHarness.anyone) -> ServerHarness {
        var configuration = ServerConfiguration()
        configuration.http.bodyBytesMax = Self.bodyBytes
        configuration.requestBodyBytesMax = bodies * Self.bodyBytes
        var harness = ServerHarness(law: law, configuration: configuration)
        harness.start { _ in FakeVocabulary.endOfTurn }
        return harness
    }

    private static var keyed: Law {
        Law(clients: [.init(name: "key 1", key: Array("secret".utf8), grants: Law.clientGrants)])
    }

    private func head(_ byteCount: Int, _ fields: String = "") -> [UInt8] {
        Array("POST /v1/completions HTTP/1.1\r\nhost: h\r\n\(fields)content-length: \(byteCount)\r\n\r\n".utf8)
    }

    private let half = [UInt8](repeating: UInt8(ascii: " "), count: bodyBytes / 2)

    @Test("Half-sent bodies beyond the budget get 503, hold nothing, and leave small requests alone")
    func unfinishedBodies() {
        var harness = harness()
        var clients: [ConnectionID] = []
        for _ in 0..<40 {
            let id = harness.open()
            harness.send(head(Self.bodyBytes) + half, on: id)
            clients.append(id)
        }
        let refused = clients.filter { !(harness.received[$0] ?? []).isEmpty }
        #expect(refused.count == 36)
        for id in refused {
            let response = Response.parse(harness.received[id] ?? [])[0]
            #expect(response.status == 503)
            #expect(response.headers["retry-after"] == "1")
            #expect(response.headers["connection"] == "close")
            #expect(harness.server.connection(id)?.http.isReceivingBody == false)
        }
        #expect(harness.server.bodies.chargedBytes <= 4 * Self.bodyBytes)
        #expect(harness.post("/v1/completions", #"{"prompt": "a"}"#).status == 200)
        let metrics = harness.get("/metrics").text
        #expect(metrics.contains("\nhexa_request_bodies_refused_total 36\n"))
    }

    @Test("What a body was charged is given back when it is answered, refused, given up or lost")
    func release() {
        var harness = harness()
        let answered = harness.open()
        harness.send(head(Self.bodyBytes) + half, on: answered)
        #expect(harness.server.bodies.chargedBytes > 0)
        harness.send(half, on: answered)
        #expect(harness.server.bodies.chargedBytes == 0)

        let lost = harness.open()
        harness.send(head(Self.bodyBytes) + half, on: lost)
        harness.server.connectionLost(lost)
        #expect(harness.server.bodies.chargedBytes == 0)

        let closed = harness.open()
        harness.send(head(Self.bodyBytes) + half, on: closed)
        harness.server.peerClosed(closed, now: harness.now)
        harness.act()
        #expect(harness.server.bodies.chargedBytes == 0)

        let slow = harness.open()
        harness.send(head(Self.bodyBytes) + half, on: slow)
        harness.pass(.seconds(600))
        #expect(harness.server.bodies.chargedBytes == 0)
        #expect(Response.parse(harness.received[slow] ?? [])[0].status == 408)
    }

    @Test("A chunked body is charged as it grows, and refused where it stops fitting")
    func chunkedBodies() {
        var harness = harness(bodies: 1)
        let other = harness.open()
        harness.send(head(Self.bodyBytes / 2) + half.dropLast(), on: other)
        let id = harness.open()
        harness.send(
            Array("POST /v1/completions HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n".utf8), on: id)
        let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 65_536) + Array("\r\n".utf8)
        for _ in 0..<8 { harness.send(chunk, on: id) }
        #expect(harness.received[id]?.isEmpty == true)
        harness.send(chunk, on: id)
        #expect(Response.parse(harness.received[id] ?? []).map(\.status) == [503])
        #expect(harness.server.bodies.chargedBytes <= Self.bodyBytes / 2)
    }

    @Test("A body without a known key is refused at its head", arguments: ["", "authorization: Bearer wrong\r\n"])
    func unknownKey(_ field: String) {
        var harness = harness(law: Self.keyed)
        let id = harness.open()
        harness.send(head(Self.bodyBytes, field + "expect: 100-continue\r\n"), on: id)
        let responses = Response.parse(harness.received[id] ?? [])
        #expect(responses.map(\.status) == [401])
        #expect(responses[0].headers["www-authenticate"] == "Bearer")
        #expect(responses[0].headers["connection"] == "close")
        harness.send(half, on: id)
        #expect(harness.server.bodies.chargedBytes == 0)
        #expect(harness.server.connection(id)?.http.isReceivingBody == false)
        // The answer lingers until the client has read it.
        #expect(harness.finishedSending.contains(id) && !harness.aborted.contains(id))
    }

    @Test("A short body without a known key is not kept, and the connection serves on")
    func shortBodyOfUnknownKey() {
        var harness = harness(law: Self.keyed)
        let id = harness.open()
        for _ in 0..<2 { harness.send(head(100) + half.prefix(100), on: id) }
        #expect(Response.parse(harness.received[id] ?? []).map(\.status) == [401, 401])
        harness.send(head(100) + half.prefix(50), on: id)
        #expect(harness.server.connection(id)?.http.bufferedByteCount == 0)
    }

    @Test("A known key's body is received, after 100 Continue where the client waits for it")
    func knownKey() {
        var harness = harness(law: Self.keyed)
        let id = harness.open()
        let body = Array(#"{"prompt": "a"}"#.utf8)
        harness.send(head(body.count, "authorization: Bearer secret\r\nexpect: 100-continue\r\n"), on: id)
        #expect(harness.received[id] == Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        harness.received[id] = []
        harness.send(body, on: id)
        harness.run()
        #expect(Response.parse(harness.received[id] ?? []).map(\.status) == [200])
    }

    @Test("Little free memory lowers the bound, down to one body of the largest size")
    func littleMemory() {
        var harness = harness(bodies: 16)
        harness.server.limitRequestBodies(freeByteCount: 8 * Self.bodyBytes)
        #expect(harness.server.bodies.limit == 2 * Self.bodyBytes)
        harness.server.limitRequestBodies(freeByteCount: 0)
        #expect(harness.server.bodies.limit == Self.bodyBytes)
        harness.server.limitRequestBodies(freeByteCount: .max)
        #expect(harness.server.bodies.limit == 16 * Self.bodyBytes)
    }
}
