import EngineFixtures
import MonotonicTime
import TestSupport
import Testing
@testable import Engine

@Suite("Fair service")
struct SchedulingTests {
    @Test("two long generations advance side by side, a token each in every pass")
    func interleaving() throws {
        var configuration = EngineConfiguration()
        configuration.draftStepTokensMax = 0
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: configuration)
        let first = try harness.submit("\n", maxTokens: 50)
        let second = try harness.submit("\n", maxTokens: 50)
        harness.run()
        #expect(harness.result(first).text == harness.result(second).text)
        #expect(harness.journal.passes.count == 50)
        #expect(harness.journal.passes.allSatisfy { $0.entries.count == 2 })
    }

    @Test("a short request overtakes a long prompt that came first")
    func shortBehindLong() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.contextLength = 2_000
        var harness = EngineHarness(model)
        let long = try harness.submit(String(repeating: "x", count: 1_900), maxTokens: 3)
        for _ in 0..<6 { _ = harness.step() }
        let short = try harness.submit("hi", maxTokens: 3)
        harness.run()
        let shortEnd = try #require(harness.result(short).finishedAt)
        let longEnd = try #require(harness.result(long).finishedAt)
        #expect(shortEnd < .origin + longEnd.intervalSinceOrigin / 4)
    }

    @Test("a long prompt gets every other turn, however many short ones keep coming")
    func longAmongShort() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.contextLength = 2_000
        var harness = EngineHarness(model)
        let long = try harness.submit(String(repeating: "x", count: 1_000), maxTokens: 1)
        var isDone = false
        for _ in 0..<1_000 where !isDone {
            _ = try? harness.submit(String(repeating: "y", count: 60), maxTokens: 1)
            for _ in 0..<6 { _ = harness.step() }
            isDone = harness.result(long).finish != nil
        }
        #expect(isDone)
        // 1,000 tokens in pieces of 64, in every other pass.
        #expect(harness.journal.passes.count < 2 * 1_000 / 60 + 4)
    }

    @Test("a stream's cadence hardly changes while a long prompt is computed: its passes stay bounded")
    func cadence() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.contextLength = 2_000
        var configuration = EngineConfiguration()
        configuration.prefillChunkTokensWhileDecoding = 16
        configuration.draftStepTokensMax = 0
        var harness = EngineHarness(model, configuration: configuration)
        _ = try harness.submit("\n", maxTokens: 200)
        for _ in 0..<20 { _ = harness.step() }
        _ = try harness.submit(String(repeating: "x", count: 1_500), maxTokens: 1)
        harness.run()
        let mixed = harness.journal.passes.filter { $0.entries.count == 2 }
        #expect(mixed.count > 90)
        for pass in mixed { #expect(pass.entries.reduce(0) { $0 + $1.tokens.count } <= 17) }
        // Every pass since the stream began has carried its token.
        #expect(harness.journal.passes.prefix(200).allSatisfy { $0.entries[0].tokens.count == 1 })
    }

    @Test("the longest gap in a stream stays near twice its usual one, once it is known what prompt tokens cost")
    func gaps() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.contextLength = 2_000
        model.slicesPerPass = 30
        model.slicesPerToken = 3
        var harness = EngineHarness(model)
        // A first prompt, by which the engine learns.
        _ = try harness.submit(String(repeating: "x", count: 300), maxTokens: 1)
        harness.run()
        let stream = try harness.submit("\n", maxTokens: 100)
        for _ in 0..<700 { _ = harness.step() }
        _ = try harness.submit(String(repeating: "y", count: 500), maxTokens: 1)
        harness.run()
        let times = harness.result(stream).times
        let gaps = zip(times, times.dropFirst()).map { ($1 - $0).milliseconds }.sorted()
        #expect(gaps.count == 99)
        let median = gaps[gaps.count / 2]
        #expect(gaps[gaps.count - 1] * 10 <= median * 22, "median \(median) ms, longest \(gaps[gaps.count - 1]) ms")
    }

    @Test("no pass exceeds the model's batch, and no step runs more than one slice")
    func bounds() throws {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<20 {
            var model = FakeModel(rule: Rule.alphabet)
            model.batchCapacity = Int.random(in: 2...24, using: &generator)
            model.poolTokens = Int.random(in: 200...2_000, using: &generator)
            var configuration = EngineConfiguration()
            configuration.replyReservationTokens = Int.random(in: 1...40, using: &generator)
            var harness = EngineHarness(model, configuration: configuration)
            var expected: [GenerationID: Int] = [:]
            for _ in 0..<30 {
                let maxTokens = Int.random(in: 1...30, using: &generator)
                let prompt = String(repeating: "\n", count: Int.random(in: 1...100, using: &generator))
                expected[try harness.submit(prompt, maxTokens: maxTokens)] = maxTokens
                for _ in 0..<Int.random(in: 0...30, using: &generator) { _ = harness.step() }
            }
            harness.run()
            #expect(harness.journal.violations.isEmpty)
            #expect(harness.journal.sequences.isEmpty)
            for (id, maxTokens) in expected {
                #expect(harness.result(id).finish == .length)
                #expect(harness.result(id).generatedTokenCount == maxTokens)
                #expect(harness.result(id).text == String("abcdefghijklmnopqrstuvwxyzabcd".prefix(maxTokens)))
            }
        }
    }
}

@Suite("Admission")
struct AdmissionTests {
    @Test("a full queue refuses with a time to come back, and takes requests again once it has drained")
    func overload() throws {
        var configuration = EngineConfiguration()
        configuration.runningMax = 2
        configuration.waitingMax = 3
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: configuration)
        for _ in 0..<2 { _ = try harness.submit("\n", maxTokens: 5) }
        _ = harness.step()
        for _ in 0..<3 { _ = try harness.submit("\n", maxTokens: 5) }
        do throws(GenerationRejection) {
            _ = try harness.submit("\n", maxTokens: 5)
            Issue.record("a sixth request was taken")
        } catch {
            guard case .overloaded(let seconds) = error else {
                Issue.record("\(error)")
                return
            }
            #expect((1...EngineLimits.retryAfterSecondsMax).contains(seconds))
        }
        harness.run()
        let next = try harness.submit("\n", maxTokens: 5)
        harness.run()
        #expect(harness.result(next).text == "abcde")
    }

    @Test("a request that finds no KV memory waits for it, and those behind it wait too")
    func memoryExhausted() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.poolTokens = 100
        var harness = EngineHarness(model)
        let first = try harness.submit("\n", maxTokens: 90)
        let second = try harness.submit("\n", maxTokens: 90)
        let third = try harness.submit("\n", maxTokens: 5)
        harness.run()
        let ends = try [first, second, third].map { try #require(harness.result($0).finishedAt) }
        #expect(ends[0] < ends[1])
        #expect(ends[1] > ends[0])
        #expect(harness.result(third).text == "abcde")
    }

    @Test("a prompt larger than all KV memory fails by itself; the next request is served")
    func memoryTooSmall() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.poolTokens = 56
        var harness = EngineHarness(model)
        let large = try harness.submit(String(repeating: "\n", count: 60), maxTokens: 5)
        let fitting = try harness.submit(String(repeating: "\n", count: 45), maxTokens: 5)
        harness.run()
        #expect(harness.result(large).finish == .outOfMemory)
        #expect(harness.result(fitting).text == "abcde")
        #expect(harness.result(fitting).finish == .length)
    }

    @Test("a reply that outgrows all KV memory ends, instead of moving for ever")
    func replyTooLarge() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.poolTokens = 40
        var configuration = EngineConfiguration()
        configuration.replyReservationTokens = 4
        var harness = EngineHarness(model, configuration: configuration)
        let id = try harness.submit("\n", maxTokens: 300)
        harness.run()
        #expect(harness.result(id).finish == .outOfMemory)
        #expect(harness.result(id).text.hasPrefix("abcdefghijklmnopqrstuvwxyz"))
    }
}

extension Instant {
    var intervalSinceOrigin: Interval { self - .origin }
}
