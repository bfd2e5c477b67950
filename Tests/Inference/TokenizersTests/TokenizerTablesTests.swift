import ModelFixtures
import TestSupport
import Testing

@testable import ModelFormats
@testable import Tokenizers

@Suite("HXM: a tokenizer's tables, used where they lie")
struct TokenizerTablesTests {
    private static let merges = [
        ("t", "h"), ("th", "e"), (" ", "the"), ("e", "r"), ("a", "n"), ("an", "d"), (" ", "and"), ("o", "n"),
    ]

    /// A model without tensors but with a tokenizer, packed.
    static func packed(_ kind: Vocabulary.Encoding) throws -> [UInt8] {
        switch kind {
        case .byteLevel:
            return try PackedModel.pack(
                TestTokenizers.byteLevelBuilder(
                    merges: merges, control: ["<|im_end|>"], userDefined: ["<tool>"]
                ).build())
        case .sentencePiece:
            let pieces: [(String, Float)] = [("▁", -1), ("h", -2), ("e", -3), ("he", -1.5), ("▁he", -1.2), ("hé", -9)]
            return try PackedModel.pack(TestTokenizers.sentencePieceBuilder(pieces).build())
        }
    }

    /// The tokenizer that a file's own tables make, lent to `body` while the file is there.
    static func withMapped<Result>(_ file: [UInt8], _ body: (Tokenizer) throws -> Result) throws -> Result {
        try file.withUnsafeBytes { bytes in
            try body(try Tokenizer(try ModelContainer(bytes.bytes), mapped: bytes))
        }
    }

    static func built(_ file: [UInt8]) throws -> Tokenizer {
        try Tokenizer(try ModelContainer(file.span.bytes), bytes: file.span.bytes)
    }

    static func expectEqual(_ one: Tokenizer, _ other: Tokenizer, _ text: [UInt8]) {
        for parseSpecial in [false, true] {
            let tokens = one.encodeAll(text.span, addSpecial: true, parseSpecial: parseSpecial)
            #expect(tokens == other.encodeAll(text.span, addSpecial: true, parseSpecial: parseSpecial))
            #expect(one.decode(tokens, renderSpecial: true) == other.decode(tokens, renderSpecial: true))
        }
    }

    @Test(
        "text of any kind gives the tokens that tables built from the metadata give",
        arguments: [
            Vocabulary.Encoding.byteLevel, .sentencePiece,
        ])
    func sameTokens(kind: Vocabulary.Encoding) throws {
        let file = try Self.packed(kind)
        let built = try Self.built(file)
        let words = ["the", " and", "other", "he", "<|im_end|>", "</s>", "<tool>", "é", "\n", "  ", "\u{1f600}"]
        var random = SplitMix64(seed: 7)
        try Self.withMapped(file) { mapped in
            #expect(mapped.vocabularySize == built.vocabularySize)
            for token in -1...TokenID(built.vocabularySize) {
                #expect(mapped.kind(of: token) == built.kind(of: token))
                #expect(mapped.isEndOfGeneration(token) == built.isEndOfGeneration(token))
            }
            for _ in 0..<300 {
                var text: [UInt8] = []
                for _ in 0..<Int.random(in: 0...12, using: &random) {
                    let isWord = Bool.random(using: &random)
                    text +=
                        isWord
                        ? Array(words.randomElement(using: &random)!.utf8)
                        : [UInt8.random(in: 0...255, using: &random)]
                }
                Self.expectEqual(mapped, built, text)
            }
        }
    }

    @Test("SmolLM2's oracle gets the very same tokens", .enabled(if: SmolLM2.isPresent, SmolLM2.missingMessage))
    func smolLM2() throws {
        let source = try ModelContainer(SmolLM2.file.bytes)
        let built = try Tokenizer(source, bytes: SmolLM2.file.bytes)
        let tables = built.encodedTables
        let place = TokenizerTables(record: tables.record, offset: 0)
        try tables.bytes.withUnsafeBytes { bytes in
            var file = source
            file.tokenizerTables = place
            let content = try place.content(in: bytes)
            #expect(content.vocabulary.count == 49_152 && content.vocabulary.tokenByteCountMax > 8)
            // The metadata of one file and the tables of another place.
            let mapped = try Tokenizer(file, bytes: SmolLM2.file.bytes, readyTables: content)
            for item in try Fixtures.lines("smollm2/tokenize.jsonl") {
                Self.expectEqual(mapped, built, try #require(item["text"]?.utf8Value))
            }
        }
    }

    @Test("the tables in a file are those that its metadata makes, and a check of the file says otherwise")
    func verification() throws {
        var file = try Self.packed(.byteLevel)
        let container = try ModelContainer(file.span.bytes)
        try file.withUnsafeBytes { try container.verifyTokenizerTables(in: $0) }
        // Another rank for some merge: sound tables, of another tokenizer.
        let tables = try #require(container.tokenizerTables)
        let slots = TokenizerTables.Layout(tables.record).mergeSlots
        let used = try #require(slots.first { ($0 - slots.lowerBound) % 16 == 12 && file[tables.offset + $0 + 3] == 0 })
        file[tables.offset + used - 4] ^= 1
        Self.sign(&file)
        let changed = try ModelContainer(file.span.bytes)
        let error = #expect(throws: ModelConfigurationError.self) {
            try file.withUnsafeBytes { try changed.verifyTokenizerTables(in: $0) }
        }
        #expect(error?.description.contains("tokenizer tables: those of the metadata") == true)
    }

    @Test("a file of version 1 has none: they are built")
    func version1() throws {
        var file = try Self.packed(.byteLevel)
        let tablesEnd = try ModelContainer(file.span.bytes).headerByteCount
        PackedModel.put(UInt32(1), at: 8, in: &file)
        PackedModel.sign(&file, tablesEnd: tablesEnd - 64)
        let container = try ModelContainer(file.span.bytes)
        #expect(container.version == 1 && container.tokenizerTables == nil)
        let built = try Self.built(file)
        try Self.withMapped(file) { Self.expectEqual($0, built, Array("the other and<|im_end|>".utf8)) }
    }

    @Test("a model without a tokenizer has none either")
    func absent() throws {
        let file = try PackedModel.pack(TestModels.tinyLlama().build())
        let container = try ModelContainer(file.span.bytes)
        #expect(container.version == 2 && container.tokenizerTables == nil)
        #expect(container.dataOffset == container.headerByteCount)
    }

    /// Makes all checksums that cover the tokenizer's tables fit.
    static func sign(_ file: inout [UInt8]) {
        guard let container = try? ModelContainer(file.span.bytes), let tables = container.tokenizerTables
        else { return }
        let checksum = XXH64.digest(of: file.span.bytes.extracting(tables.byteRange))
        PackedModel.put(checksum, at: tables.offset - 64 + 24, in: &file)
        PackedModel.sign(&file, tablesEnd: container.headerByteCount)
    }
}
