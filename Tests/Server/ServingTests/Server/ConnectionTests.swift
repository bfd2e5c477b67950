import Engine
import EngineFixtures
import JSON
import MonotonicTime
import Testing
@testable import Serving

@Suite("Connections and their completions")
struct ConnectionTests {
    private let endless = #"{"prompt": "\n", "max_tokens": 400, "stream": true, "temperature": 0}"#
    private let short = #"{"prompt": "\n", "max_tokens": 3, "temperature": 0}"#

    @Test("a client that closes or resets takes its generation with it at once", arguments: [true, false])
    func clientLeaves(inOrder: Bool) {
        for steps in 0..<25 {
            var harness = ServerHarness(rule: Rule.alphabet)
            let id = harness.open()
            harness.send("POST", "/v1/completions", endless, on: id)
            for _ in 0..<steps { _ = harness.step() }
            if inOrder { harness.server.peerClosed(id, now: harness.now) } else { harness.server.connectionLost(id) }
            harness.act()
            #expect(harness.journal.sequences.isEmpty)
            #expect(harness.aborted.contains(id) == inOrder)
            let passes = harness.journal.passes.count
            harness.run()
            #expect(harness.journal.passes.count == passes)
            #expect(Response.parse(harness.received[id] ?? []).first?.isWhole != true)
        }
    }

    @Test("a client that leaves frees its place for one that waits")
    func placeIsFreed() {
        var engine = EngineConfiguration()
        engine.runningMax = 1
        var harness = ServerHarness(engine: engine, rule: Rule.alphabet)
        let first = harness.open()
        harness.send("POST", "/v1/completions", endless, on: first)
        for _ in 0..<10 { _ = harness.step() }
        let second = harness.open()
        harness.send("POST", "/v1/completions", short, on: second)
        harness.server.connectionLost(first)
        harness.run()
        #expect(Response.parse(harness.received[second] ?? [])[0].json["choices"]?[0]?["text"] == "abc")
    }

    @Test("FIN after the answer closes the connection in order")
    func orderlyEnd() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let id = harness.open()
        harness.send("POST", "/v1/completions", short, on: id)
        harness.run()
        harness.server.peerClosed(id, now: harness.now)
        harness.act()
        #expect(harness.closed.contains(id))
        #expect(!harness.aborted.contains(id))
    }

    @Test("two streams interleave, and a short request is answered while they run")
    func fairness() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let streams = [harness.open(), harness.open()]
        for id in streams { harness.send("POST", "/v1/completions", endless, on: id) }
        for _ in 0..<60 { _ = harness.step() }
        let events = streams.map { Response.parse(harness.received[$0] ?? [])[0].events.count }
        #expect(events[0] > 5)
        #expect(abs(events[0] - events[1]) <= 1)
        let third = harness.open()
        harness.send("POST", "/v1/completions", short, on: third)
        for _ in 0..<60 { _ = harness.step() }
        #expect(Response.parse(harness.received[third] ?? []).first?.isWhole == true)
        #expect(Response.parse(harness.received[streams[0]] ?? [])[0].isWhole == false)
    }

    @Test("a flood is told to come back later, whoever was taken in is served, and afterwards everybody is")
    func overload() {
        var engine = EngineConfiguration()
        engine.runningMax = 2
        engine.waitingMax = 5
        var harness = ServerHarness(engine: engine, rule: Rule.alphabet)
        let ids = (0..<20).map { _ in harness.open() }
        for id in ids { harness.send("POST", "/v1/completions", short, on: id) }
        harness.run()
        let responses = ids.map { Response.parse(harness.received[$0] ?? [])[0] }
        #expect(responses.filter { $0.status == 200 }.count == 5)
        let refused = responses.filter { $0.status == 429 }
        #expect(refused.count == 15)
        for response in refused {
            #expect((1...60).contains(Int(response.headers["retry-after"] ?? "") ?? 0))
            #expect(response.json["error"]?["type"] == "rate_limit_error")
        }
        #expect(harness.post("/v1/completions", short).status == 200)
    }

    @Test("a prompt that KV memory has no room for fails alone")
    func memoryTooSmall() {
        var harness = ServerHarness(poolTokens: 30, rule: Rule.alphabet)
        let prompt = String(repeating: "x", count: 40)
        for stream in ["true", "false"] {
            let response = harness.post("/v1/completions", #"{"prompt": "\#(prompt)", "stream": \#(stream)}"#)
            #expect(response.status == 503)
            #expect(response.json["error"]?["code"] == "kv_memory_exhausted")
        }
        #expect(harness.post("/v1/completions", short).status == 200)
    }

    @Test("a client that does not read is given no more tokens, catches up when it does, and loses none")
    func slowReader() {
        var harness = ServerHarness(contextLength: 4_000, rule: Rule.alphabet)
        let id = harness.open()
        harness.sleeping.insert(id)
        harness.send(
            "POST", "/v1/completions",
            #"{"prompt": "\n", "max_tokens": 3000, "stream": true, "logprobs": 5, "temperature": 0}"#, on: id)
        harness.run()
        let passes = harness.journal.passes.count
        #expect(passes < 2_000)
        #expect((harness.received[id] ?? []).count <= Limits.handedOutputBytes)
        #expect(harness.journal.sequences.count == 1)
        // Others are served meanwhile.
        #expect(harness.post("/v1/completions", short).status == 200)
        harness.wake(id, pending: harness.received[id]?.count ?? 0)
        harness.run()
        let response = Response.parse(harness.received[id] ?? [])[0]
        #expect(response.isWhole)
        #expect(response.chunks.count == 3_000)
    }

    @Test("a client that has stopped reading for good is cut off, and its memory freed")
    func deadReader() {
        var harness = ServerHarness(contextLength: 4_000, rule: Rule.alphabet)
        let id = harness.open()
        harness.sleeping.insert(id)
        harness.send(
            "POST", "/v1/completions",
            #"{"prompt": "\n", "max_tokens": 3000, "stream": true, "logprobs": 5, "temperature": 0}"#, on: id)
        harness.run()
        harness.pass(.seconds(31))
        #expect(harness.aborted.contains(id))
        #expect(harness.journal.sequences.isEmpty)
        #expect(harness.get("/metrics").text.contains("\nhexa_readers_cut_off_total 1\n"))
    }

    @Test("idle connections close, requests that trickle in get 408")
    func timeouts() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let idle = harness.open()
        let slow = harness.open()
        harness.send(Array("POST /v1/comp".utf8), on: slow)
        harness.pass(.seconds(120))
        #expect(harness.closed.contains(idle))
        let response = Response.parse(harness.received[slow] ?? [])[0]
        #expect(response.status == 408)
        #expect(harness.closed.contains(slow))
        let deadline = harness.server.nextDeadline
        #expect(deadline == .distantFuture)
    }

    @Test("a connection too many is reset")
    func tooMany() {
        var configuration = ServerConfiguration()
        configuration.connectionsMax = 2
        var harness = ServerHarness(configuration: configuration)
        let first = harness.open()
        _ = harness.open()
        let canAccept = harness.server.canAccept
        #expect(!canAccept)
        let third = harness.open()
        #expect(harness.aborted == [third])
        harness.server.connectionLost(first)
        let canAcceptAgain = harness.server.canAccept
        #expect(canAcceptAgain)
    }

    @Test("draining finishes what runs, turns new requests away, closes idle connections, and comes to an end")
    func drain() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let running = harness.open()
        let idle = harness.open()
        let late = harness.open()
        let alphabet = #"{"prompt": "\n", "max_tokens": 26, "stream": true, "temperature": 0}"#
        harness.send("POST", "/v1/completions", alphabet, on: running)
        harness.send(Array("POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 15\r\n\r\n".utf8), on: late)
        for _ in 0..<20 { _ = harness.step() }
        harness.server.beginDrain(now: harness.now)
        harness.act()
        #expect(harness.closed == [idle])
        let isDrained = harness.server.isDrained
        #expect(!isDrained)
        harness.send(Array(#"{"prompt": "x"}"#.utf8), on: late)
        let refusal = Response.parse(harness.received[late] ?? [])[0]
        #expect(refusal.status == 503)
        #expect(refusal.headers["retry-after"] != nil)
        harness.run()
        let text = Response.parse(harness.received[running] ?? [])[0].chunks
            .compactMap { $0["choices"]?[0]?["text"]?.stringValue }.joined()
        #expect(text == "abcdefghijklmnopqrstuvwxyz")
        let isDrainedNow = harness.server.isDrained
        #expect(isDrainedNow)
        let canAccept = harness.server.canAccept
        #expect(!canAccept)
    }

    @Test("a server that is resumed after a drain serves again, with ids and a clock of its own")
    func resumption() {
        func answer(_ harness: inout ServerHarness) -> Response {
            let id = harness.open()
            harness.send("POST", "/v1/completions", #"{"prompt": "a", "max_tokens": 1, "temperature": 0}"#, on: id)
            harness.run()
            return Response.parse(harness.received[id] ?? [])[0]
        }
        var ids: Set<String> = []
        for seed in [UInt64(1), 2] {
            var harness = ServerHarness(rule: Rule.alphabet)
            harness.server.beginDrain(now: harness.now)
            harness.act()
            harness.server.resume(originUnixSeconds: 1_900_000_000, randomSeed: seed, now: harness.now)
            let response = answer(&harness)
            #expect(response.status == 200)
            #expect(response.json["created"]?.intValue.map { $0 >= 1_900_000_000 } == true)
            ids.insert(response.json["id"]?.stringValue ?? "")
            let events = harness.server.withLaw { $0.growth.records.map(\.event) }
            #expect(events == [.restored])
        }
        #expect(ids.count == 2)
    }

    @Test("256 connections at once each get their own answer")
    func many() {
        var harness = ServerHarness(poolTokens: 100_000, rule: Rule.alphabet)
        let letters = Array("abcdefghijklmnopqrstuvw")
        let ids = (0..<256).map { _ in harness.open() }
        for (index, id) in ids.enumerated() {
            let letter = letters[index % letters.count]
            let body = #"{"prompt": "\#(letter)", "max_tokens": 1, "temperature": 0}"#
            harness.send("POST", "/v1/completions", body, on: id)
        }
        harness.run()
        for (index, id) in ids.enumerated() {
            let next = Character(UnicodeScalar(letters[index % letters.count].asciiValue! + 1))
            let response = Response.parse(harness.received[id] ?? [])[0]
            #expect(response.json["choices"]?[0]?["text"]?.stringValue == String(next))
        }
    }
}
