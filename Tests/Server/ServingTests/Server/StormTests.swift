import Engine
import EngineFixtures
import MonotonicTime
import TestSupport
import Testing
@testable import Serving

@Suite("After a storm")
struct StormTests {
    private static let question = #"{"prompt": "What now?\n", "max_tokens": 12, "temperature": 0}"#

    private func engine() -> EngineConfiguration {
        var engine = EngineConfiguration()
        engine.runningMax = 4
        engine.waitingMax = 16
        engine.draftStepTokensMax = 0
        return engine
    }

    /// Steps that one request takes when nothing else is there.
    private func stepsOfOneRequest(_ harness: inout ServerHarness) -> UInt64 {
        let start = harness.now
        let response = harness.post("/v1/completions", Self.question)
        #expect(response.status == 200)
        #expect(response.json["choices"]?[0]?["text"] == "abcdefghijkl")
        return (harness.now - start).milliseconds
    }

    @Test("of clients that leave in the middle of their answers, nothing is left and all is as fast as before")
    func disconnections() {
        var generator = SplitMix64(seed: 61)
        var harness = ServerHarness(engine: engine(), poolTokens: 2_048, rule: Rule.alphabet)
        _ = stepsOfOneRequest(&harness)
        let before = stepsOfOneRequest(&harness)
        var open: [ConnectionID] = []
        for number in 0..<400 {
            let id = harness.open()
            let isStreamed = Bool.random(using: &generator)
            let prompt = #""prompt": "\#(number % 7) again and again\n""#
            let body = #"{\#(prompt), "max_tokens": 60, "n": 2, "stream": \#(isStreamed)}"#
            harness.send("POST", "/v1/completions", body, on: id)
            open.append(id)
            for _ in 0..<Int.random(in: 0...25, using: &generator) { _ = harness.step() }
            while open.count > 6 {
                let leaving = open.remove(at: .random(in: 0..<open.count, using: &generator))
                if Bool.random(using: &generator) {
                    harness.server.connectionLost(leaving)
                } else {
                    harness.server.peerClosed(leaving, now: harness.now)
                }
                harness.act()
            }
        }
        for id in open { harness.server.connectionLost(id) }
        harness.run()
        #expect(harness.server.exchanges.isEmpty)
        #expect(harness.journal.sequences.isEmpty)
        #expect(harness.journal.violations.isEmpty)
        #expect(stepsOfOneRequest(&harness) == before)
    }

    @Test("of requests beyond all room, each is answered, with 200 or 429, and all is as fast as before")
    func overload() {
        var harness = ServerHarness(engine: engine(), poolTokens: 2_048, rule: Rule.alphabet)
        _ = stepsOfOneRequest(&harness)
        let before = stepsOfOneRequest(&harness)
        var clients: [ConnectionID] = []
        for number in 0..<200 {
            let id = harness.open()
            harness.send("POST", "/v1/completions", #"{"prompt": "\#(number)\n", "max_tokens": 30}"#, on: id)
            clients.append(id)
            _ = harness.step()
        }
        harness.run()
        var statuses: [Int: Int] = [:]
        for id in clients {
            let responses = Response.parse(harness.received[id] ?? [])
            #expect(responses.count == 1 && responses[0].isWhole)
            statuses[responses[0].status, default: 0] += 1
            if responses[0].status == 429 { #expect(responses[0].headers["retry-after"] != nil) }
        }
        #expect(Set(statuses.keys) == [200, 429])
        #expect(statuses[200]! >= 20, "the places and the queue are made use of")
        #expect(stepsOfOneRequest(&harness) == before)
    }

    @Test("of work, a drain answers all that was taken in and refuses the rest")
    func drain() {
        var harness = ServerHarness(engine: engine(), rule: Rule.alphabet)
        let clients = (0..<12).map { number in
            let id = harness.open()
            harness.send("POST", "/v1/completions", #"{"prompt": "\#(number)\n", "max_tokens": 9, "n": 2}"#, on: id)
            return id
        }
        for _ in 0..<10 { _ = harness.step() }
        let late = harness.open()
        harness.server.beginDrain(now: harness.now)
        harness.act()
        harness.send("POST", "/v1/completions", Self.question, on: late)
        harness.run()
        let accepted = clients.count { Response.parse(harness.received[$0]!)[0].status == 200 }
        #expect(accepted == 8, "16 have room in the queue, two of each request")
        let isDrained = harness.server.isDrained
        #expect(isDrained)
        #expect(harness.journal.sequences.isEmpty)
    }
}
