import EngineFixtures
import ModelFormats
import Testing
@testable import Engine

@Suite("A generation")
struct GenerationTests {
    @Test("continues its prompt until the model ends it, and the end is counted but not shown")
    func endOfGeneration() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.script("Paris.")))
        let id = try harness.submit("Capital of France?\n", maxTokens: 100)
        harness.run()
        let result = harness.result(id)
        #expect(result.text == "Paris.")
        #expect(result.finish == .stop)
        #expect(result.generatedTokenCount == 7)
        #expect(harness.journal.sequences.isEmpty)
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("ends with `length` after exactly the tokens it may have")
    func length() throws {
        for maxTokens in 1...5 {
            var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
            let id = try harness.submit("\n", maxTokens: maxTokens)
            harness.run()
            #expect(harness.result(id).text == String("abcde".prefix(maxTokens)))
            #expect(harness.result(id).finish == .length)
            #expect(harness.result(id).generatedTokenCount == maxTokens)
        }
    }

    @Test("ends with `length` when the context is full, the prompt being as long as it may be")
    func contextFull() throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.contextLength = 20
        var harness = EngineHarness(model)
        let id = try harness.submit(String(repeating: "\n", count: 17), maxTokens: 1_000)
        let last = try harness.submit(String(repeating: "\n", count: 19), maxTokens: 1_000)
        harness.run()
        #expect(harness.result(id).text == "abc")
        #expect(harness.result(id).finish == .length)
        #expect(harness.result(last).text == "a")
        #expect(throws: GenerationRejection.promptTooLong(promptTokens: 20, contextLength: 20)) {
            try harness.submit(String(repeating: "\n", count: 20), maxTokens: 1)
        }
    }

    @Test("of no tokens needs no pass at all")
    func nothingToGenerate() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let id = try harness.submit("abc", maxTokens: 0)
        harness.run()
        #expect(harness.result(id).finish == .length)
        #expect(harness.result(id).text.isEmpty)
        #expect(harness.journal.passes.isEmpty)
    }

    @Test("may ignore the model's end of generation")
    func ignoringEndOfGeneration() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.script("ab")))
        var request = GenerationRequest.greedy("\n", maxTokens: 6)
        request.ignoresEndOfGeneration = true
        let id = try harness.submit(request)
        harness.run()
        #expect(harness.result(id).finish == .length)
        #expect(harness.result(id).generatedTokenCount == 6)
    }

    @Test("is refused with an empty prompt or a token that the vocabulary lacks")
    func refusals() {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        #expect(throws: GenerationRejection.promptEmpty) { try harness.submit("", maxTokens: 1) }
        for token in [TokenID(-1), TokenID(FakeVocabulary.size), .max, .min] {
            var request = GenerationRequest.greedy("a", maxTokens: 1)
            request.prompt.append(token)
            #expect(throws: GenerationRejection.unknownToken(token)) { try harness.submit(request) }
        }
    }

    @Test("streams whole characters although each of their bytes is a token of its own")
    func characters() throws {
        let reply = "zwölf € 🦊 家 ok"
        var harness = EngineHarness(FakeModel(rule: Rule.script(reply)))
        let id = try harness.submit("\n", maxTokens: 100)
        harness.run()
        #expect(harness.result(id).text == reply)
        #expect(harness.result(id).pieces == reply.map { String($0) })
    }

    @Test("cut off in the middle of a character shows the replacement character, never broken UTF-8")
    func cutCharacter() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.script("a🦊")))
        let id = try harness.submit("\n", maxTokens: 3)
        harness.run()
        #expect(harness.result(id).text == "a\u{FFFD}")
    }

    @Test("that outgrows its KV reservation moves to a larger one and continues as if nothing had happened")
    func largerReservation() throws {
        var configuration = EngineConfiguration()
        configuration.replyReservationTokens = 8
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: configuration)
        let id = try harness.submit("\n", maxTokens: 100)
        harness.run()
        let alphabet = "abcdefghijklmnopqrstuvwxyz"
        #expect(harness.result(id).text == String(String(repeating: alphabet, count: 4).prefix(100)))
        #expect(harness.result(id).generatedTokenCount == 100)
        #expect(harness.journal.violations.isEmpty)
    }
}
