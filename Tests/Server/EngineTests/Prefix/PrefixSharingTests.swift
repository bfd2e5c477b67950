import EngineFixtures
import TestSupport
import Testing
@testable import Engine

/// Pages of the fake model hold 8 tokens.
@Suite("Shared prefixes")
struct PrefixSharingTests {
    private static let prompt = "The quick brown fox jumps over the lazy dog.\n"

    @Test("a prompt that came before is not computed again, but for its last token")
    func repeated() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.script("Yes.")))
        let first = try harness.computedTokens(Self.prompt, maxTokens: 10)
        #expect(first.count == 45 + 4)
        let second = try harness.computedTokens(Self.prompt, maxTokens: 10)
        #expect(second.count == 1 + 4)
        #expect(harness.result(first.id).text == "Yes.")
        #expect(harness.result(second.id).text == "Yes.")
        #expect(harness.result(first.id).cachedPromptTokenCount == 0)
        #expect(harness.result(second.id).cachedPromptTokenCount == 44)
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("a conversation's next turn computes only what is new")
    func conversation() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.script("Certainly.")))
        _ = try harness.computedTokens(Self.prompt, maxTokens: 20)
        let history = Self.prompt + "Certainly."
        let next = try harness.computedTokens(history + "And then?\n", maxTokens: 1)
        #expect(next.count == 10)
        #expect(harness.result(next.id).cachedPromptTokenCount == history.utf8.count)
    }

    @Test("prompts that part in the middle of a page share its beginning by a copy, and neither harms the other")
    func parting() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        _ = try harness.computedTokens("0123456789abcd first", maxTokens: 12)
        let second = try harness.computedTokens("0123456789abcdXsecond", maxTokens: 12)
        #expect(harness.result(second.id).cachedPromptTokenCount == 14)
        let again = try harness.computedTokens("0123456789abcd first", maxTokens: 12)
        #expect(harness.result(again.id).cachedPromptTokenCount == 16)
        // Three tokens in common are not worth a copy.
        let third = try harness.computedTokens("01234567" + "89a???", maxTokens: 1)
        #expect(harness.result(third.id).cachedPromptTokenCount == 8)
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("a prompt is shared while the sequence that computed it still replies")
    func whileRunning() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let first = try harness.submit(Self.prompt, maxTokens: 100)
        while harness.result(first).text.isEmpty { _ = harness.step() }
        let second = try harness.submit(Self.prompt, maxTokens: 100)
        harness.run()
        #expect(harness.result(second).cachedPromptTokenCount == 44)
        #expect(harness.result(first).text == harness.result(second).text)
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("a prompt whose tokens are scored is computed as a whole")
    func scored() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        _ = try harness.computedTokens(Self.prompt)
        var request = GenerationRequest.greedy(Self.prompt, maxTokens: 1)
        request.topLogProbabilities = 1
        request.scoresPrompt = true
        let id = try harness.submit(request)
        harness.run()
        #expect(harness.result(id).cachedPromptTokenCount == 0)
        #expect(harness.result(id).tokens.count == 46)
    }

    @Test("a sequence that moves to a larger reservation finds its tokens again")
    func move() throws {
        var configuration = EngineConfiguration()
        configuration.replyReservationTokens = 4
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: configuration)
        let result = try harness.computedTokens(Self.prompt, maxTokens: 100)
        #expect(harness.result(result.id).generatedTokenCount == 100)
        // Each of its five moves computes what is not worth a copy, and the last token.
        #expect(result.count <= 45 + 99 + 5 * EngineLimits.prefixCopyTokensMin)
        #expect(harness.result(result.id).cachedPromptTokenCount == 0)
    }
}

@Suite("Memory of shared prefixes")
struct PrefixMemoryTests {
    @Test("prefixes make room for whoever needs it: a request neither waits nor fails because of them")
    func eviction() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.poolTokens = 80
        var harness = EngineHarness(model)
        for letter in ["a", "b", "c", "d", "e"] {
            let result = try harness.computedTokens(String(repeating: letter, count: 70), maxTokens: 10)
            #expect(harness.result(result.id).finish == .length)
            #expect(harness.result(result.id).generatedTokenCount == 10)
        }
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("the whole memory serves a request that continues the prefix which fills it")
    func ownPrefix() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.poolTokens = 80
        var harness = EngineHarness(model)
        _ = try harness.computedTokens(String(repeating: "a", count: 75), maxTokens: 1)
        let result = try harness.computedTokens(String(repeating: "a", count: 76), maxTokens: 4)
        #expect(harness.result(result.id).generatedTokenCount == 4)
        #expect(result.count < 20)
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("the least recently used prefix goes first")
    func leastRecentlyUsed() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.poolTokens = 96
        var harness = EngineHarness(model)
        let old = String(repeating: "o", count: 31)
        let used = String(repeating: "u", count: 31)
        for prompt in [used, old, used] { _ = try harness.computedTokens(prompt) }
        _ = try harness.computedTokens(String(repeating: "n", count: 63))
        #expect(try harness.computedTokens(used).count == 1)
        #expect(try harness.computedTokens(old).count == 31)
    }

    @Test("no page is lost or held twice through random requests, cancellations and moves")
    func random() throws {
        var generator = SplitMix64(seed: 31)
        for _ in 0..<20 {
            var model = FakeModel(rule: Rule.alphabet)
            model.poolTokens = .random(in: 200...1_000, using: &generator)
            var configuration = EngineConfiguration()
            configuration.replyReservationTokens = .random(in: 1...30, using: &generator)
            var harness = EngineHarness(model, configuration: configuration)
            var expected: [GenerationID: Int] = [:]
            for _ in 0..<60 {
                let length = Int.random(in: 1...80, using: &generator)
                // Two letters: many prompts begin alike.
                let prompt = String((0..<length).map { $0 < 20 ? "ab".randomElement(using: &generator)! : "c" }) + "\n"
                let maxTokens = Int.random(in: 1...30, using: &generator)
                let tenant = Tenant.allCases.randomElement(using: &generator)!
                let id = try harness.submit(prompt, maxTokens: maxTokens, for: tenant)
                expected[id] = maxTokens
                for _ in 0..<Int.random(in: 0...20, using: &generator) { _ = harness.step() }
                if Int.random(in: 0..<5, using: &generator) == 0, harness.result(id).finish == nil {
                    harness.engine.cancel(id)
                    expected[id] = nil
                }
                let defect = harness.engine.prefixes.tree.defect
                #expect(defect == nil)
            }
            harness.run()
            for (id, maxTokens) in expected {
                #expect(harness.result(id).text == String("abcdefghijklmnopqrstuvwxyzabcd".prefix(maxTokens)))
            }
            let held = harness.journal.holderCounts.count { $0 > 0 }
            let kept = harness.engine.prefixes.tree.count
            #expect(held == kept, "every page held is a prefix's")
            #expect(harness.journal.violations.isEmpty)
        }
    }
}
