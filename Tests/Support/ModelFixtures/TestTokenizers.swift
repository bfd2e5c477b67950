import ModelFormats
import Tokenizers

/// Small vocabularies, written to GGUF metadata and read back like real ones.
package enum TestTokenizers {
    /// GPT-2's stand-in for a byte, written from the definition: printable Latin-1 stays, the rest counts from U+0100.
    package static func standIn(_ byte: UInt8) -> String {
        let printable = Array(0x21...0x7e) + Array(0xa1...0xac) + Array(0xae...0xff)
        if printable.contains(Int(byte)) { return String(Character(Unicode.Scalar(byte))) }
        let others = (0...255).filter { !printable.contains($0) }
        return String(Character(Unicode.Scalar(UInt32(0x100 + others.firstIndex(of: Int(byte))!))!))
    }

    package static func standIns(_ text: String) -> String { text.utf8.map { standIn($0) }.joined() }

    /// A byte-level BPE of all bytes, then what `merges` make, then special tokens.
    package static func byteLevel(
        merges: [(String, String)], control: [String] = [], userDefined: [String] = [], pre: String = "gpt-2",
        _ change: (inout GGUFBuilder) -> Void = { _ in }
    ) throws -> Tokenizer {
        var builder = byteLevelBuilder(merges: merges, control: control, userDefined: userDefined, pre: pre)
        change(&builder)
        return try make(builder)
    }

    package static func byteLevelBuilder(
        merges: [(String, String)], control: [String] = [], userDefined: [String] = [], pre: String = "gpt-2"
    ) -> GGUFBuilder {
        let normal = (0...255).map { standIn(UInt8($0)) } + merges.map { standIns($0.0 + $0.1) }
        var builder = GGUFBuilder()
        builder.add("tokenizer.ggml.model", .string("gpt2"))
        builder.add("tokenizer.ggml.pre", .string(pre))
        builder.add("tokenizer.ggml.tokens", .strings(normal + control + userDefined))
        builder.add(
            "tokenizer.ggml.token_type",
            .int32s(
                normal.map { _ in 1 } + control.map { _ in 3 } + userDefined.map { _ in 4 }))
        builder.add("tokenizer.ggml.merges", .strings(merges.map { standIns($0.0) + " " + standIns($0.1) }))
        return builder
    }

    /// A SentencePiece vocabulary: unknown, begin, end, the 256 bytes, then `pieces` with their scores.
    package static func sentencePiece(
        _ pieces: [(String, Float)], _ change: (inout GGUFBuilder) -> Void = { _ in }
    ) throws -> Tokenizer {
        var builder = sentencePieceBuilder(pieces)
        change(&builder)
        return try make(builder)
    }

    package static func sentencePieceBuilder(_ pieces: [(String, Float)]) -> GGUFBuilder {
        let bytes = (0...255).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return "<0x" + String(repeating: "0", count: 2 - digits.count) + digits + ">"
        }
        var builder = GGUFBuilder()
        builder.add("tokenizer.ggml.model", .string("llama"))
        builder.add("tokenizer.ggml.tokens", .strings(["<unk>", "<s>", "</s>"] + bytes + pieces.map { $0.0 }))
        builder.add("tokenizer.ggml.scores", .float32s([Float](repeating: 0, count: 259) + pieces.map { $0.1 }))
        builder.add(
            "tokenizer.ggml.token_type",
            .int32s(
                [2, 3, 3] + [Int32](repeating: 6, count: 256) + pieces.map { _ in 1 }))
        return builder
    }

    package static func make(_ builder: GGUFBuilder) throws -> Tokenizer {
        let bytes = builder.build()
        return try Tokenizer(try ModelContainer(bytes.span.bytes), bytes: bytes.span.bytes)
    }
}

extension Tokenizer {
    /// The tokens' texts, special ones included.
    package func pieces(_ text: String, addSpecial: Bool = false, parseSpecial: Bool = false) -> [String] {
        encodeAll(text, addSpecial: addSpecial, parseSpecial: parseSpecial).map { token in
            var bytes: [UInt8] = []
            appendBytes(of: token, renderSpecial: true, to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// All tokens of a text, however many.
    package func encodeAll(_ text: String, addSpecial: Bool, parseSpecial: Bool) -> [TokenID] {
        encodeAll([UInt8](text.utf8).span, addSpecial: addSpecial, parseSpecial: parseSpecial)
    }

    package func encodeAll(_ text: Span<UInt8>, addSpecial: Bool, parseSpecial: Bool) -> [TokenID] {
        do {
            return try encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial, limit: .max)
        } catch {
            fatalError("no text has that many tokens")
        }
    }
}
