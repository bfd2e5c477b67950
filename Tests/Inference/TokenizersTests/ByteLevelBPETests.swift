import ModelFixtures
import ModelFormats
import TestSupport
import Testing

@Suite("Byte-level BPE")
struct ByteLevelBPETests {
    private static let merges = [("a", "b"), ("b", "c"), ("ab", "c"), (" ", "a"), ("a", "a"), ("aa", "aa")]

    @Test("merges go by rank, and of equal ones from the left")
    func ranks() throws {
        let tokenizer = try TestTokenizers.byteLevel(merges: Self.merges)
        #expect(tokenizer.pieces("abc") == ["abc"])
        #expect(tokenizer.pieces("bc") == ["bc"])
        #expect(tokenizer.pieces("bbc") == ["b", "bc"])
        #expect(tokenizer.pieces("aaa") == ["aa", "a"])
        #expect(tokenizer.pieces("aaaaa") == ["aaaa", "a"])
        #expect(tokenizer.pieces("x abc") == ["x", " ", "abc"])
    }

    @Test("agrees with merging one best pair at a time on random words")
    func reference() throws {
        let tokenizer = try TestTokenizers.byteLevel(merges: Self.merges)
        var random = SplitMix64(seed: 11)
        for _ in 0..<300 {
            let word = (0..<Int.random(in: 1...25, using: &random)).map { _ in "abc".randomElement(using: &random)! }
            var parts = word.map { String($0) }
            while let best = Self.merges.first(where: { merge in
                zip(parts, parts.dropFirst()).contains { $0 == merge.0 && $1 == merge.1 }
            }) {
                let index = parts.indices.dropLast().first { parts[$0] == best.0 && parts[$0 + 1] == best.1 }!
                parts[index] += parts.remove(at: index + 1)
            }
            #expect(tokenizer.pieces(String(word)) == parts)
        }
    }

    @Test("a long run of one letter takes n log n, not n squared", .timeLimit(.minutes(1)))
    func longRun() throws {
        let tokenizer = try TestTokenizers.byteLevel(merges: Self.merges)
        let count = 100_000
        let tokens = tokenizer.encodeAll(String(repeating: "a", count: count), addSpecial: false, parseSpecial: false)
        #expect(tokens.count == count / 4)
    }

    @Test("llama-bpe keeps a piece that is a token as a whole, whatever the merges say")
    func ignoredMerges() throws {
        let extra: (inout GGUFBuilder) -> Void = { builder in
            for index in builder.metadata.indices {
                if case .strings(let tokens) = builder.metadata[index].value,
                    builder.metadata[index].key == "tokenizer.ggml.tokens"
                {
                    builder.metadata[index].value = .strings(tokens + ["cba"])
                }
                if case .int32s(let types) = builder.metadata[index].value {
                    builder.metadata[index].value = .int32s(types + [1])
                }
            }
        }
        #expect(try TestTokenizers.byteLevel(merges: Self.merges, pre: "llama-bpe", extra).pieces("cba") == ["cba"])
        #expect(try TestTokenizers.byteLevel(merges: Self.merges, extra).pieces("cba") == ["c", "b", "a"])
    }

    @Test("special tokens: the longest wins, user-defined ones always count, control ones only when parsed")
    func specialTokens() throws {
        let tokenizer = try TestTokenizers.byteLevel(
            merges: [], control: ["<|a|>", "<|a|><|b|>", "<|b|>"], userDefined: ["  "])
        #expect(tokenizer.pieces("x<|a|><|b|>y", parseSpecial: true) == ["x", "<|a|><|b|>", "y"])
        #expect(tokenizer.pieces("<|b|><|a|>", parseSpecial: true) == ["<|b|>", "<|a|>"])
        #expect(tokenizer.pieces("<|a", parseSpecial: true) == ["<", "|", "a"])
        #expect(tokenizer.pieces("<|a|>") == ["<", "|", "a", "|", ">"])
        #expect(tokenizer.pieces("a  b") == ["a", "  ", "b"])
    }

    @Test("begin and end tokens are added as the file says")
    func addedTokens() throws {
        let tokenizer = try TestTokenizers.byteLevel(merges: [], control: ["<s>", "</s>"]) { builder in
            builder.add("tokenizer.ggml.bos_token_id", .uint32(256))
            builder.add("tokenizer.ggml.eos_token_id", .uint32(257))
            builder.add("tokenizer.ggml.add_bos_token", .bool(1))
            builder.add("tokenizer.ggml.add_eos_token", .bool(1))
        }
        #expect(tokenizer.pieces("x", addSpecial: true) == ["<s>", "x", "</s>"])
        #expect(tokenizer.pieces("x") == ["x"])
        #expect(try tokenizer.encodePrompt(Array("<s>x".utf8).span, limit: 9) == [256, 0x78, 257])
        #expect(try tokenizer.encodePrompt(Array("x</s>".utf8).span, limit: 9) == [256, 0x78, 257])
        #expect(tokenizer.isEndOfGeneration(257))
    }

    @Test("an entry outside of the byte alphabet does not stand in the way of the one that means the same bytes")
    func entryOutsideOfAlphabet() throws {
        let joiner = "\u{200d}"
        var builder = GGUFBuilder()
        let bytes = (0...255).map { TestTokenizers.standIn(UInt8($0)) }
        let parts = joiner.utf8.map { TestTokenizers.standIn($0) }
        builder.add("tokenizer.ggml.model", .string("gpt2"))
        builder.add("tokenizer.ggml.pre", .string("gpt-2"))
        builder.add("tokenizer.ggml.tokens", .strings(bytes + [joiner, parts[0] + parts[1], parts.joined()]))
        builder.add(
            "tokenizer.ggml.merges",
            .strings([
                parts[0] + " " + parts[1], parts[0] + parts[1] + " " + parts[2],
            ]))
        let tokenizer = try TestTokenizers.make(builder)
        #expect(tokenizer.encodeAll(joiner, addSpecial: false, parseSpecial: false) == [258])
        #expect(tokenizer.decode([256], renderSpecial: false) == Array(joiner.utf8))
    }

    @Test("a token that ends turns is a control token even where the file calls it text")
    func mislabelledControlToken() throws {
        let tokenizer = try TestTokenizers.byteLevel(merges: [], userDefined: ["<|im_end|>"])
        #expect(tokenizer.kind(of: 256) == .control)
        #expect(tokenizer.isEndOfGeneration(256))
    }

    @Test("metadata that makes no tokenizer is refused by key")
    func errors() {
        let cases: [(key: String, change: (inout GGUFBuilder) -> Void)] = [
            ("tokenizer.ggml.model", { $0.metadata.removeAll { $0.key == "tokenizer.ggml.model" } }),
            ("tokenizer.ggml.pre", { $0.metadata.removeAll { $0.key == "tokenizer.ggml.pre" } }),
            ("tokenizer.ggml.tokens", { $0.metadata.removeAll { $0.key == "tokenizer.ggml.tokens" } }),
            ("tokenizer.ggml.merges", { $0.metadata.removeAll { $0.key == "tokenizer.ggml.merges" } }),
            (
                "tokenizer.ggml.merges",
                { builder in
                    builder.metadata.removeAll { $0.key == "tokenizer.ggml.merges" }
                    builder.add("tokenizer.ggml.merges", .strings(["ab"]))
                }
            ),
            (
                "tokenizer.ggml.token_type",
                { builder in
                    builder.metadata.removeAll { $0.key == "tokenizer.ggml.token_type" }
                    builder.add("tokenizer.ggml.token_type", .int32s([1]))
                }
            ),
            ("tokenizer.ggml.bos_token_id", { $0.add("tokenizer.ggml.bos_token_id", .uint32(9_999)) }),
            ("tokenizer.ggml.eos_token_id", { $0.add("tokenizer.ggml.eos_token_id", .string("x")) }),
            ("tokenizer.ggml.add_bos_token", { $0.add("tokenizer.ggml.add_bos_token", .uint32(1)) }),
        ]
        for item in cases {
            let error = #expect(throws: ModelConfigurationError.self) {
                try TestTokenizers.byteLevel(merges: Self.merges, item.change)
            }
            #expect(error?.description.contains("'" + item.key + "'") == true, "\(String(describing: error))")
        }
        #expect(throws: ModelConfigurationError.self) { try TestTokenizers.byteLevel(merges: [], pre: "bloom") }
    }
}
