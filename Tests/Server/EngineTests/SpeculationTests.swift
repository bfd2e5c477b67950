import EngineFixtures
import ModelFormats
import MonotonicTime
import TestSupport
import Testing
import Transformer
@testable import Engine

@Suite("Guessing ahead")
struct SpeculationTests {
    private static func configuration(stepTokens: Int) -> EngineConfiguration {
        var configuration = EngineConfiguration()
        configuration.draftStepTokensMax = stepTokens
        configuration.replyReservationTokens = 50
        return configuration
    }

    /// A pass takes as long however many tokens it has, as where reading the weights is what takes time.
    private static func harness(stepTokens: Int, rule: @escaping ([TokenID]) -> TokenID) -> EngineHarness {
        var model = FakeModel(rule: rule)
        model.slicesPerPass = 40
        return EngineHarness(model, configuration: configuration(stepTokens: stepTokens))
    }

    /// Follows the alphabet, but for a letter that depends on everything so far now and then.
    private static func moody(_ tokens: [TokenID]) -> TokenID {
        let sum = tokens.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
        return sum % 9 == 0 ? TokenID(97 + sum % 26) : Rule.alphabet(tokens)
    }

    @Test("text that repeats itself takes a fraction of the passes, and is the same")
    func repetition() throws {
        var plain = Self.harness(stepTokens: 0, rule: Rule.alphabet)
        var drafting = Self.harness(stepTokens: 8, rule: Rule.alphabet)
        let first = try plain.submit("\n", maxTokens: 200)
        let second = try drafting.submit("\n", maxTokens: 200)
        plain.run()
        drafting.run()
        #expect(plain.result(first).text == drafting.result(second).text)
        #expect(drafting.result(second).generatedTokenCount == 200)
        #expect(plain.journal.passes.count == 200)
        #expect(drafting.journal.passes.count < 90)
        let statistics = drafting.engine.statistics
        #expect(statistics.acceptedTokens > 110)
        #expect(statistics.acceptedTokens <= statistics.draftedTokens)
        #expect(drafting.journal.violations.isEmpty)
    }

    @Test("rejected draft tokens change nothing: not the text, the scores, the end, nor what is left behind")
    func equality() throws {
        var generator = SplitMix64(seed: 51)
        for seed in 0..<12 as Range<UInt64> {
            var sampling = SamplingParameters()
            sampling.temperature = seed % 3 == 0 ? 0 : 0.7
            sampling.seed = seed
            sampling.presencePenalty = seed % 4 == 0 ? 0.5 : 0
            var request = GenerationRequest(
                prompt: FakeVocabulary.tokens("abcabc\n"), maxTokens: .random(in: 1...150, using: &generator),
                sampling: sampling)
            request.stopStrings = seed % 2 == 0 ? [Array("xyza".utf8)] : []
            request.topLogProbabilities = Int(seed % 2)
            let outcomes = try [0, 4, 20].map { stepTokens in
                var harness = Self.harness(stepTokens: stepTokens, rule: Self.moody)
                let ids = try (0..<3).map { _ in try harness.submit(request) }
                harness.run()
                #expect(harness.journal.violations.isEmpty)
                #expect(harness.journal.sequences.isEmpty)
                #expect(Set(ids.map { harness.result($0).text }).count == 1)
                return harness.result(ids[0])
            }
            for outcome in outcomes.dropFirst() {
                #expect(outcome.text == outcomes[0].text)
                #expect(outcome.finish == outcomes[0].finish)
                #expect(outcome.generatedTokenCount == outcomes[0].generatedTokenCount)
                #expect(outcome.tokens.map(\.token) == outcomes[0].tokens.map(\.token))
                #expect(outcome.tokens.map(\.logProbability) == outcomes[0].tokens.map(\.logProbability))
            }
        }
    }

    @Test("clients that leave in the middle of it do no harm")
    func cancellation() throws {
        for steps in 300..<420 {
            var harness = Self.harness(stepTokens: 8, rule: Self.moody)
            let leaving = try harness.submit("abcabc\n", maxTokens: 300)
            let staying = try harness.submit("abcabc\n", maxTokens: 40)
            for _ in 0..<steps * 3 { _ = harness.step() }
            harness.engine.cancel(leaving)
            harness.run()
            #expect(harness.result(staying).generatedTokenCount == 40)
            #expect(harness.journal.violations.isEmpty)
            #expect(harness.journal.sequences.isEmpty)
        }
    }

    @Test("is given up where draft tokens are not accepted, and beside many streams")
    func unworthy() throws {
        // Eight letters in no order: pairs of them come again and again, and tell nothing of what follows.
        let rule: ([TokenID]) -> TokenID = { tokens in
            var generator = SplitMix64(seed: UInt64(tokens.count))
            return TokenID(97 + generator.next() % 8)
        }
        var model = FakeModel(rule: rule)
        model.slicesPerPass = 20
        model.slicesPerToken = 6
        var harness = EngineHarness(model, configuration: Self.configuration(stepTokens: 8))
        _ = try harness.submit("\n", maxTokens: 400)
        harness.run()
        let drafted = harness.engine.statistics.draftedTokens
        #expect(drafted < 150, "\(drafted) of 400")

        var crowded = Self.harness(stepTokens: 8, rule: Rule.alphabet)
        for _ in 0..<8 { _ = try crowded.submit("\n", maxTokens: 100) }
        crowded.run()
        #expect(crowded.engine.statistics.draftedTokens == 0)
    }
}

@Suite("Prompt lookup")
struct PromptLookupTests {
    private func draft(_ text: String, count: Int) -> String {
        var draft: [TokenID] = []
        PromptLookup.appendDraft(after: FakeVocabulary.tokens(text), count: count, to: &draft)
        return String(decoding: draft.map { UInt8($0) }, as: UTF8.self)
    }

    @Test("continues as after the longest earlier match, the latest of several")
    func matches() {
        #expect(draft("the fox, the fo", count: 3) == "x, ")
        #expect(draft("xab1 yab2 ab", count: 1) == "2")
        #expect(draft("xab1 yab2 xab", count: 1) == "1")
        #expect(draft("abab", count: 5) == "ab")
    }

    @Test("has no draft for what is new or too short")
    func noMatch() {
        #expect(draft("abcdef", count: 3).isEmpty)
        #expect(draft("ab ca", count: 3).isEmpty, "one token in common is not enough")
        #expect(draft("", count: 3).isEmpty)
        #expect(draft("a", count: 3).isEmpty)
        #expect(draft("abab", count: 0).isEmpty)
    }
}

@Suite("How far to guess")
struct DraftPolicyTests {
    private func count(_ policy: DraftPolicy, sequences: Int = 1, token: UInt64) -> Int {
        policy.draftCount(
            limit: 7, sequences: sequences, decodeStep: .milliseconds(10), draftToken: .microseconds(token))
    }

    @Test("far where guesses come true and cost little, not at all where they do not")
    func range() {
        var policy = DraftPolicy()
        #expect(count(policy, token: 0) == 7)
        #expect(count(policy, token: 5_000) == 0)
        for _ in 0..<40 { policy.record(isAccepted: true) }
        #expect(count(policy, token: 5_000) == 7)
        for _ in 0..<40 { policy.record(isAccepted: false) }
        #expect(count(policy, token: 500) == 0)
        for _ in 0..<200 { policy.recordSkipped() }
        #expect(count(policy, token: 500) > 0, "after a while it is tried again")
    }

    @Test("less far the more sequences share a pass")
    func sharing() {
        let policy = DraftPolicy()
        #expect(count(policy, sequences: 1, token: 1_000) > count(policy, sequences: 4, token: 1_000))
    }
}
