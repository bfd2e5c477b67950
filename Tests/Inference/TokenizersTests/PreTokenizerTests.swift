import JSON
import ModelFixtures
import TestSupport
import Testing

@testable import Tokenizers

/// Against Python's regex module: Tests/Fixtures/pretokenizers/make.py wrote the pieces.
@Suite("Pre-tokenisers cut like their regular expressions")
struct PreTokenizerTests {
    private func pieces(_ text: [UInt8], _ preTokenizer: PreTokenizer) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        preTokenizer.forEachPiece(of: text.span) { pieces.append(Array(text[$0])) }
        return pieces
    }

    @Test("recorded texts", arguments: ["gpt-2", "smollm", "llama-bpe", "qwen2"])
    func recordedTexts(name: String) throws {
        let preTokenizer = try #require(PreTokenizer(name: name))
        for line in try Fixtures.lines("pretokenizers/splits.jsonl") {
            let text = try #require(line["text"]?.utf8Value)
            let expected = try #require(line[name]?.arrayValue).map { $0.utf8Value ?? [] }
            let found = pieces(text, preTokenizer)
            if found != expected {
                Issue.record(
                    """
                    \(name): \(String(decoding: text, as: UTF8.self).debugDescription)
                    found    \(found.map { String(decoding: $0, as: UTF8.self) })
                    expected \(expected.map { String(decoding: $0, as: UTF8.self) })
                    """)
            }
        }
    }

    @Test("random bytes are covered without gap or overlap")
    func randomBytes() {
        var random = SplitMix64(seed: 9)
        let kinds: [PreTokenizer] = [.gpt2, .smollm, .llama3, .qwen2]
        for _ in 0..<500 {
            let count = Int.random(in: 0...50, using: &random)
            let text = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            for kind in kinds {
                let found = pieces(text, kind)
                #expect(found.allSatisfy { !$0.isEmpty })
                #expect(found.flatMap { $0 } == text)
            }
        }
    }

    @Test("names of the same expression, and none for an unknown one")
    func names() {
        #expect(PreTokenizer(name: "llama3") == .llama3)
        #expect(PreTokenizer(name: "llama-v3") == .llama3)
        #expect(PreTokenizer(name: "bloom") == nil)
    }
}
