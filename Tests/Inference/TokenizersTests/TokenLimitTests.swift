import ModelFixtures
import ModelFormats
import TestSupport
import Testing

@testable import Tokenizers

@Suite("Tokenizing stops at a limit")
struct TokenLimitTests {
    private static let merges = [
        ("a", "b"), ("b", "c"), ("ab", "c"), (" ", "a"), ("a", "a"), ("aa", "aa"), ("c", "a"), ("b", "b"),
    ]

    private static func tokenizers() throws -> [Tokenizer] {
        let pieces: [(String, Float)] = [
            ("a", -9), ("b", -9), ("c", -9), ("▁", -9), ("ab", -1), ("bc", -2), ("abc", -3), ("aa", -4), ("aaaa", -5),
            ("ca", -6), ("▁a", -7),
        ]
        return [try TestTokenizers.byteLevel(merges: merges), try TestTokenizers.sentencePiece(pieces)]
    }

    @Test("exactly as many tokens as allowed are an answer; one more is not")
    func exact() throws {
        for tokenizer in try Self.tokenizers() {
            let text = Array("abcabcaabbcc abc".utf8)
            let tokens = tokenizer.encodeAll(text.span, addSpecial: false, parseSpecial: false)
            #expect(
                try tokenizer.encode(text.span, addSpecial: false, parseSpecial: false, limit: tokens.count) == tokens)
            #expect(throws: TokenLimitExceeded(limit: tokens.count - 1)) {
                try tokenizer.encode(text.span, addSpecial: false, parseSpecial: false, limit: tokens.count - 1)
            }
        }
    }

    @Test("long words merged in windows have the tokens of the whole", .timeLimit(.minutes(1)))
    func windows() throws {
        var random = SplitMix64(seed: 5)
        for tokenizer in try Self.tokenizers() {
            for letters in ["abc", "aab", "a", "bc"] {
                let text = (0..<150_001).map { _ in letters.utf8.randomElement(using: &random)! }
                var whole = TokenList(limit: .max, expectedCount: 0)
                switch tokenizer.algorithm {
                case .byteLevelBPE(let bpe):
                    try bpe.encode(text.span, tokenizer.vocabulary, windowByteCount: .max, to: &whole)
                case .sentencePiece(let sentencePiece):
                    try sentencePiece.encode(
                        text.span, tokenizer.vocabulary, unknown: tokenizer.unknown, prefixingSpace: true,
                        windowByteCount: .max, to: &whole)
                }
                #expect(tokenizer.encodeAll(text.span, addSpecial: false, parseSpecial: false) == whole.tokens)
            }
        }
    }

    @Test("megabytes without a space are refused at the limit", .timeLimit(.minutes(1)))
    func refusal() throws {
        for tokenizer in try Self.tokenizers() {
            for text in ["ACGTTGCA", "界", " ", "aaaa"] {
                let bytes = Array(String(repeating: text, count: 4_000_000 / text.utf8.count).utf8)
                for limit in [1, 8_192, 100_000] {
                    #expect(throws: TokenLimitExceeded(limit: limit)) {
                        try tokenizer.encode(bytes.span, addSpecial: false, parseSpecial: false, limit: limit)
                    }
                }
            }
        }
    }
}
