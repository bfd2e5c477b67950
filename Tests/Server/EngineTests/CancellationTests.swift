import EngineFixtures
import TestSupport
import Testing
@testable import Engine

@Suite("Cancellation")
struct CancellationTests {
    @Test("of the only request frees its memory at once, in whatever slice it comes")
    func alone() throws {
        for steps in 0..<30 {
            var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
            let id = try harness.submit("abc", maxTokens: 1_000)
            for _ in 0..<steps { _ = harness.step() }
            harness.engine.cancel(id)
            #expect(harness.journal.sequences.isEmpty)
            let isIdle = harness.engine.isIdle
            #expect(isIdle)
            let text = harness.result(id).text
            harness.run()
            #expect(harness.result(id).text == text)
            #expect(harness.result(id).finish == nil)
            #expect(harness.journal.violations.isEmpty)
        }
    }

    @Test("in the queue takes the request out of it")
    func waiting() throws {
        var configuration = EngineConfiguration()
        configuration.runningMax = 1
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: configuration)
        let first = try harness.submit("\n", maxTokens: 5)
        let second = try harness.submit("\n", maxTokens: 5)
        _ = harness.step()
        harness.engine.cancel(second)
        harness.run()
        #expect(harness.result(first).text == "abcde")
        #expect(harness.result(second).text.isEmpty)
        #expect(harness.journal.passes.count == 5)
    }

    @Test("of a long prompt drops the pass that was mostly for it; a stream in the same pass loses no token")
    func longPrompt() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let stream = try harness.submit("\n", maxTokens: 20)
        for _ in 0..<12 { _ = harness.step() }
        let long = try harness.submit(String(repeating: "x", count: 400), maxTokens: 1)
        repeat { _ = harness.step() } while harness.journal.passes.last?.entries.count != 2
        harness.engine.cancel(long)
        #expect(harness.journal.sequences.count == 1)
        #expect(harness.journal.passes.last?.wasAbandoned == true)
        harness.run()
        #expect(harness.result(stream).text == "abcdefghijklmnopqrst")
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("of one stream among several waits for the end of their common pass")
    func amongOthers() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let ids = try (0..<3).map { _ in try harness.submit("\n", maxTokens: 10) }
        for _ in 0..<20 { _ = harness.step() }
        repeat { _ = harness.step() } while !harness.engine.isStepUnderWay
        harness.engine.cancel(ids[1])
        #expect(harness.journal.passes.last?.wasAbandoned == false)
        while harness.engine.isStepUnderWay { _ = harness.step() }
        #expect(harness.journal.sequences.count == 2)
        harness.run()
        #expect(harness.result(ids[0]).text == "abcdefghij")
        #expect(harness.result(ids[2]).text == "abcdefghij")
    }

    @Test("again and again does not stop the others: no two passes in a row are dropped")
    func hostile() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let stream = try harness.submit("\n", maxTokens: 20)
        for _ in 0..<12 { _ = harness.step() }
        var passes = 0
        while harness.result(stream).finish == nil {
            let id = try harness.submit(String(repeating: "x", count: 100), maxTokens: 1)
            _ = harness.step()
            _ = harness.step()
            harness.engine.cancel(id)
            passes += 1
            #expect(passes < 1_000)
        }
        let abandoned = harness.journal.passes.map(\.wasAbandoned)
        #expect(!zip(abandoned, abandoned.dropFirst()).contains { $0 && $1 })
        #expect(harness.result(stream).text == "abcdefghijklmnopqrst")
    }

    @Test("at random moments among random requests leaves the others' texts and no memory behind")
    func random() throws {
        var generator = SplitMix64(seed: 11)
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        var live: [GenerationID] = []
        var cancelled: Set<GenerationID> = []
        for _ in 0..<400 {
            let prompt = String(repeating: "\n", count: .random(in: 1...80, using: &generator))
            if let id = try? harness.submit(prompt, maxTokens: 12) { live.append(id) }
            for _ in 0..<Int.random(in: 0...12, using: &generator) { _ = harness.step() }
            if Bool.random(using: &generator), let victim = live.randomElement(using: &generator) {
                if harness.result(victim).finish == nil { cancelled.insert(victim) }
                harness.engine.cancel(victim)
            }
        }
        harness.run()
        for id in live where !cancelled.contains(id) { #expect(harness.result(id).text == "abcdefghijkl") }
        for id in cancelled { #expect(harness.result(id).finish == nil) }
        #expect(harness.journal.sequences.isEmpty)
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("a paused generation makes no token and keeps its place; resumed, it continues")
    func pause() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let slow = try harness.submit("\n", maxTokens: 10)
        let quick = try harness.submit("\n", maxTokens: 10)
        for _ in 0..<15 { _ = harness.step() }
        harness.engine.setPaused(true, slow)
        harness.run()
        #expect(harness.result(quick).text == "abcdefghij")
        #expect(harness.result(slow).finish == nil)
        harness.engine.setPaused(false, slow)
        harness.run()
        #expect(harness.result(slow).text == "abcdefghij")
    }
}
