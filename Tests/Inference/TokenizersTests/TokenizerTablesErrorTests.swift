import ModelFixtures
import TestSupport
import Testing

@testable import ModelFormats
@testable import Tokenizers

@Suite("HXM: what damaged tokenizer tables get")
struct TokenizerTablesErrorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// From the record's start.
        let offset: Int
        let field: String
        let problem: ContainerError.Problem
        let change: @Sendable (inout [UInt8], _ record: Int) -> Void

        init(
            _ description: String, at offset: Int, field: String, _ problem: ContainerError.Problem,
            _ change: @escaping @Sendable (inout [UInt8], _ record: Int) -> Void
        ) {
            testDescription = description
            self.offset = offset
            self.field = field
            self.problem = problem
            self.change = change
        }
    }

    static let recordCases: [Case] = [
        Case(
            "an encoding that does not exist", at: 0, field: "tokenizer tables: encoding",
            .tooLarge(3, limit: 2)
        ) { PackedModel.put(UInt32(3), at: $1, in: &$0) },
        Case(
            "sizes of what is not there", at: 4, field: "reserved bytes of the tokenizer tables",
            .unexpected(9, expected: 0)
        ) {
            PackedModel.put(UInt32(0), at: $1, in: &$0)
            PackedModel.put(UInt32(9), at: $1 + 4, in: &$0)
        },
        Case("no tokens", at: 4, field: "tokenizer tables: tokens", .empty) {
            PackedModel.put(UInt32(0), at: $1 + 4, in: &$0)
        },
        Case(
            "absurdly many tokens", at: 4, field: "tokenizer tables: tokens",
            .tooLarge(UInt64(UInt32.max), limit: ModelLimits.vocabularySizeMax)
        ) {
            PackedModel.put(UInt32.max, at: $1 + 4, in: &$0)
        },
        Case("slots that are no power of two", at: 8, field: "tokenizer tables: slots of texts", .notPowerOfTwo(48)) {
            PackedModel.put(UInt32(48), at: $1 + 8, in: &$0)
        },
        Case("no slots", at: 8, field: "tokenizer tables: slots of texts", .notPowerOfTwo(0)) {
            PackedModel.put(UInt32(0), at: $1 + 8, in: &$0)
        },
        Case(
            "absurdly many slots", at: 12, field: "tokenizer tables: slots of merges",
            .tooLarge(1 << 31, limit: 4 * ModelLimits.vocabularySizeMax)
        ) {
            PackedModel.put(UInt32(1 << 31), at: $1 + 12, in: &$0)
        },
        Case(
            "merges of SentencePiece", at: 12, field: "tokenizer tables: slots of merges",
            .unexpected(16, expected: 0)
        ) { PackedModel.put(UInt32(2), at: $1, in: &$0) },
        Case(
            "absurdly long texts", at: 16, field: "tokenizer tables: bytes of texts",
            .tooLarge(.max, limit: Int(Int32.max))
        ) { PackedModel.put(UInt64.max, at: $1 + 16, in: &$0) },
        Case(
            "a reserved byte in use", at: 63, field: "reserved bytes of the tokenizer tables",
            .unexpected(1, expected: 0)
        ) { file, record in file[record + 63] = 1 },
    ]

    @Test("a record names the field, the offset and the problem", arguments: recordCases)
    func record(item: Case) throws {
        var file = try TokenizerTablesTests.packed(.byteLevel)
        let tablesEnd = try ModelContainer(file.span.bytes).headerByteCount
        let record = tablesEnd - TokenizerTables.Record.byteCount
        item.change(&file, record)
        PackedModel.sign(&file, tablesEnd: tablesEnd)
        let error = #expect(throws: ContainerError.self) { _ = try ModelContainer(file.span.bytes) }
        #expect(error?.offset == record + item.offset)
        #expect(error?.field == item.field)
        #expect(error?.problem == item.problem)
    }

    @Test("tables that reach into the weights are refused")
    func tooLong() throws {
        var file = try TokenizerTablesTests.packed(.byteLevel)
        let container = try ModelContainer(file.span.bytes)
        let record = container.headerByteCount - TokenizerTables.Record.byteCount
        PackedModel.put(UInt64(2 << 20), at: record + 16, in: &file)
        PackedModel.sign(&file, tablesEnd: container.headerByteCount)
        let error = #expect(throws: ContainerError.self) { _ = try ModelContainer(file.span.bytes) }
        guard case .outside = error?.problem else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// What opening the tables of a changed file says; with checksums that fit.
    private func problem(
        _ kind: Vocabulary.Encoding, isSigned: Bool = true,
        _ change: (inout [UInt8], TokenizerTables, TokenizerTables.Layout) -> Void
    ) throws -> String? {
        var file = try TokenizerTablesTests.packed(kind)
        let tables = try #require(try ModelContainer(file.span.bytes).tokenizerTables)
        change(&file, tables, TokenizerTables.Layout(tables.record))
        if isSigned { TokenizerTablesTests.sign(&file) }
        do {
            try TokenizerTablesTests.withMapped(file) { _ in }
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("a changed byte is found by the checksum")
    func checksum() throws {
        let message = try problem(.byteLevel, isSigned: false) { file, tables, _ in file[tables.offset + 5] ^= 1 }
        #expect(message?.contains("tokenizer tables: checksum: is 0x") == true)
    }

    @Test("texts that do not follow each other are refused by the token")
    func ends() throws {
        let descending = try problem(.byteLevel) { file, tables, layout in
            PackedModel.put(Int32(0), at: tables.offset + layout.ends.lowerBound + 4, in: &file)
        }
        #expect(descending?.contains("tokenizer tables: end of token 1: 0 is outside of 1..<") == true)
        let negative = try problem(.byteLevel) { file, tables, layout in
            PackedModel.put(Int32(-5), at: tables.offset + layout.ends.lowerBound, in: &file)
        }
        #expect(negative?.contains("tokenizer tables: end of token 0: ") == true)
        let short = try problem(.sentencePiece) { file, tables, layout in
            let last = tables.offset + layout.ends.upperBound - 4
            PackedModel.put(Int32(file[last]) | Int32(file[last + 1]) << 8 - 1, at: last, in: &file)
        }
        #expect(short?.contains("tokenizer tables: end of ") == true)
    }

    @Test("a kind that does not exist is refused by the token")
    func kinds() throws {
        let message = try problem(.sentencePiece) { file, tables, layout in
            file[tables.offset + layout.kinds.lowerBound + 2] = 7
        }
        #expect(message?.contains("tokenizer tables: kind of token 2: 7 is more than the 6 allowed") == true)
    }

    @Test("tables of another tokenizer than the metadata's are refused")
    func contradictions() throws {
        let file = try TokenizerTablesTests.packed(.byteLevel)
        let other = try TokenizerTablesTests.packed(.sentencePiece)
        let container = try ModelContainer(other.span.bytes)
        let error = #expect(throws: ModelConfigurationError.self) {
            try file.withUnsafeBytes { bytes in
                let tables = try #require(try ModelContainer(bytes.bytes).tokenizerTables)
                _ = try Tokenizer(container, bytes: other.span.bytes, readyTables: try tables.content(in: bytes))
            }
        }
        #expect(
            error
                == .contradiction(
                    key: "tokenizer.ggml.model", reason: "the tokenizer tables are of another kind"))
    }

    @Test(
        "random tables under right checksums never trap, and give tokens of the vocabulary only",
        arguments: [
            Vocabulary.Encoding.byteLevel, .sentencePiece,
        ])
    func fuzz(kind: Vocabulary.Encoding) throws {
        let good = try TokenizerTablesTests.packed(kind)
        let tables = try #require(try ModelContainer(good.span.bytes).tokenizerTables)
        let layout = TokenizerTables.Layout(tables.record)
        var random = SplitMix64(seed: 11)
        var accepted = 0
        for _ in 0..<400 {
            var file = good
            for _ in 0..<Int.random(in: 1...200, using: &random) {
                // Mostly the slots, which are not checked as a whole.
                let range =
                    Int.random(in: 0..<20, using: &random) == 0
                    ? 0..<layout.byteCount
                    : 0..<max(layout.textSlots.upperBound, layout.mergeSlots.upperBound)
                file[tables.offset + Int.random(in: range, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            TokenizerTablesTests.sign(&file)
            try? TokenizerTablesTests.withMapped(file) { tokenizer in
                accepted += 1
                for text in ["the other and more", "he <tool>é", "<|im_end|>"] {
                    let tokens = tokenizer.encodeAll(text, addSpecial: true, parseSpecial: true)
                    #expect(tokens.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
                    _ = tokenizer.decode(tokens, renderSpecial: true)
                }
            }
        }
        #expect(accepted > 50)
    }
}
