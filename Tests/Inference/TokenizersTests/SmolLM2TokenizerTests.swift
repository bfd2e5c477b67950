import Foundation
import JSON
import ModelFixtures
import ModelFormats
import TestSupport
import Testing

@testable import Tokenizers

@Suite("SmolLM2's tokenizer", .enabled(if: SmolLM2.isPresent, SmolLM2.missingMessage))
struct SmolLM2TokenizerTests {
    private struct Case {
        let text: [UInt8]
        let ids: [TokenID]
        let parsesSpecial: Bool
    }

    private static let tokenizer = Result { () throws(ModelConfigurationError) -> Tokenizer in
        guard let file = try? ModelContainer(SmolLM2.file.bytes) else { throw .missing(key: "file") }
        return try Tokenizer(file, bytes: SmolLM2.file.bytes)
    }

    private static func cases() throws -> [Case] {
        try Fixtures.lines("smollm2/tokenize.jsonl").map { line in
            Case(
                text: try #require(line["text"]?.utf8Value),
                ids: try #require(line["ids"]?.arrayValue).map { TokenID(try #require($0.intValue)) },
                parsesSpecial: line["parse_special"]?.boolValue ?? false)
        }
    }

    @Test("every text of the oracle gives the very same tokens")
    func encodesExactly() throws {
        let tokenizer = try Self.tokenizer.get()
        let cases = try Self.cases()
        #expect(cases.count > 50)
        for item in cases {
            let ids = tokenizer.encodeAll(item.text.span, addSpecial: false, parseSpecial: item.parsesSpecial)
            #expect(ids == item.ids, "text: \(String(decoding: item.text, as: UTF8.self))")
        }
    }

    @Test("decoding gives the text back, byte for byte")
    func decodesExactly() throws {
        let tokenizer = try Self.tokenizer.get()
        for item in try Self.cases() {
            let bytes = tokenizer.decode(item.ids, renderSpecial: true)
            #expect(bytes == item.text, "text: \(String(decoding: item.text, as: UTF8.self))")
        }
    }

    @Test("control tokens in a user's words stay words unless special tokens are parsed")
    func specialTokens() throws {
        let tokenizer = try Self.tokenizer.get()
        #expect(tokenizer.encodeAll("<|im_end|>", addSpecial: false, parseSpecial: true) == [2])
        let plain = tokenizer.encodeAll("<|im_end|>", addSpecial: false, parseSpecial: false)
        #expect(plain.count > 1 && !plain.contains(2))
        #expect(tokenizer.decode(plain, renderSpecial: false) == Array("<|im_end|>".utf8))
        #expect(tokenizer.decode([2], renderSpecial: false).isEmpty)
    }

    @Test("end of generation: <|im_end|> and <|endoftext|>, not <|im_start|> or text")
    func endOfGeneration() throws {
        let tokenizer = try Self.tokenizer.get()
        #expect(tokenizer.isEndOfGeneration(2))
        #expect(tokenizer.isEndOfGeneration(0))
        #expect(!tokenizer.isEndOfGeneration(1))
        #expect(!tokenizer.isEndOfGeneration(504))
        #expect(!tokenizer.isEndOfGeneration(-1))
        #expect(!tokenizer.isEndOfGeneration(49152))
        #expect(tokenizer.beginOfSequence == 1 && tokenizer.endOfSequence == 2)
        #expect(!tokenizer.addsBeginOfSequence)
    }

    @Test("random bytes survive a round trip, but for those that the vocabulary has no token for")
    func randomRoundTrips() throws {
        let tokenizer = try Self.tokenizer.get()
        let known = (0...255).map { UInt8($0) }.filter { byte in
            !tokenizer.encodeAll([byte].span, addSpecial: false, parseSpecial: false).isEmpty
        }
        #expect(known.count == 235)
        var random = SplitMix64(seed: 1)
        for _ in 0..<200 {
            let length = Int.random(in: 0...60, using: &random)
            let text = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let tokens = tokenizer.encodeAll(text.span, addSpecial: false, parseSpecial: false)
            #expect(tokenizer.decode(tokens, renderSpecial: false) == text.filter { known.contains($0) })
        }
    }
}
