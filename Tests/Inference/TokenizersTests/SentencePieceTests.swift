import ModelFixtures
import ModelFormats
import Testing

@testable import Tokenizers

@Suite("SentencePiece")
struct SentencePieceTests {
    private static let pieces: [(String, Float)] = [
        ("▁", -10), ("h", -11), ("e", -12), ("l", -13), ("o", -14), ("he", -2), ("ll", -3), ("hell", -5), ("lo", -1),
        ("▁hello", -4), ("▁he", -6), ("hello", -7), ("▁▁", -8),
    ]

    @Test("pairs merge by score: the better score first, although another way would give longer tokens")
    func scores() throws {
        let tokenizer = try TestTokenizers.sentencePiece(Self.pieces)
        // "lo" (-1) goes first; then "he", then "▁he"; "ll" is no longer there.
        #expect(tokenizer.pieces("hello") == [" he", "l", "lo"])
        // "he" (-2), "ll" (-3), and then "hell" (-5) before "▁he" (-6).
        #expect(tokenizer.pieces("hell") == [" ", "hell"])
    }

    @Test("a space is put before the text and behind special tokens, unless the file says otherwise")
    func spacePrefix() throws {
        let tokenizer = try TestTokenizers.sentencePiece(Self.pieces)
        #expect(tokenizer.pieces("he", addSpecial: true) == ["<s>", " he"])
        #expect(tokenizer.pieces("he</s>he", parseSpecial: true) == [" he", "</s>", " he"])
        #expect(tokenizer.pieces("  he") == ["  ", " he"])
        let plain = try TestTokenizers.sentencePiece(Self.pieces) { builder in
            builder.add("tokenizer.ggml.add_space_prefix", .bool(0))
        }
        #expect(plain.pieces("he") == ["he"])
    }

    @Test("characters without a token become their bytes, and come back")
    func byteFallback() throws {
        let tokenizer = try TestTokenizers.sentencePiece(Self.pieces)
        let tokens = tokenizer.encodeAll("é\n", addSpecial: false, parseSpecial: false)
        let firstByte: TokenID = 3
        #expect(tokens == [259] + [0xc3, 0xa9, 0x0a].map { firstByte + $0 })
        #expect(tokenizer.decode(tokens, renderSpecial: false) == Array("é\n".utf8))
    }

    @Test("without byte tokens unknown characters become the unknown token")
    func unknown() throws {
        var builder = GGUFBuilder()
        builder.add("tokenizer.ggml.model", .string("llama"))
        builder.add("tokenizer.ggml.tokens", .strings(["<unk>", "<s>", "</s>", "▁", "a"]))
        builder.add("tokenizer.ggml.scores", .float32s([0, 0, 0, -1, -2]))
        builder.add("tokenizer.ggml.token_type", .int32s([2, 3, 3, 1, 1]))
        let tokenizer = try TestTokenizers.make(builder)
        #expect(tokenizer.encodeAll("ab", addSpecial: true, parseSpecial: false) == [1, 3, 4, 0])
    }

    @Test("decoding takes the first space off again, and only that")
    func decoding() throws {
        let tokenizer = try TestTokenizers.sentencePiece(Self.pieces)
        for text in ["hello hello", "  x", "", "é ü"] {
            let tokens = tokenizer.encodeAll(text, addSpecial: true, parseSpecial: false)
            #expect(String(decoding: tokenizer.decode(tokens, renderSpecial: false), as: UTF8.self) == text)
        }
    }

    @Test("control tokens cannot be spelled out in plain text")
    func controlTokens() throws {
        let tokenizer = try TestTokenizers.sentencePiece(Self.pieces + [("<", -1), ("/s", -1), (">", -1), ("/s>", -1)])
        let tokens = tokenizer.encodeAll("</s>", addSpecial: false, parseSpecial: false)
        #expect(!tokens.contains(2))
        #expect(tokenizer.encodeAll("</s>", addSpecial: false, parseSpecial: true) == [2])
    }

    @Test("a long run of one letter takes n log n", .timeLimit(.minutes(1)))
    func longRun() throws {
        let tokenizer = try TestTokenizers.sentencePiece(Self.pieces)
        let tokens = tokenizer.encodeAll(String(repeating: "l", count: 50_000), addSpecial: false, parseSpecial: false)
        #expect(tokens.count == 25_001)
    }

    @Test("scores must be there, be floats, and be as many as tokens")
    func errors() {
        for value: GGUFBuilder.Value? in [nil, .string("x"), .float32s([1])] {
            #expect(throws: ModelConfigurationError.self) {
                try TestTokenizers.sentencePiece(Self.pieces) { builder in
                    builder.metadata.removeAll { $0.key == "tokenizer.ggml.scores" }
                    if let value { builder.add("tokenizer.ggml.scores", value) }
                }
            }
        }
    }
}
