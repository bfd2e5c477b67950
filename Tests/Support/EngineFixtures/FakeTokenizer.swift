import ModelFormats
import Tokenizers

extension FakeVocabulary {
    package static let startOfTurn: TokenID = 257
    package static let endOfTurn: TokenID = 258

    /// A byte-level tokenizer without merges: token n is the byte n. Behind the bytes come three control tokens
    /// and a token of several characters.
    package static let tokenizer: Tokenizer = {
        var metadata = GGUFMetadata()
        metadata.add("tokenizer.ggml.model", "gpt2")
        metadata.add("tokenizer.ggml.pre", "gpt-2")
        let special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        metadata.add("tokenizer.ggml.tokens", (0...255).map { standIn(UInt8($0)) } + special + ["fox"])
        metadata.add("tokenizer.ggml.token_type", [Int32](repeating: 1, count: 256) + [3, 3, 3, 1])
        metadata.add("tokenizer.ggml.merges", [String]())
        metadata.add("tokenizer.ggml.eos_token_id", Int32(endOfText))
        let file = metadata.file
        do {
            return try Tokenizer(ModelContainer(file.span.bytes), bytes: file.span.bytes)
        } catch {
            fatalError("the tests' vocabulary cannot be read: \(error)")
        }
    }()

    /// GPT-2's printable stand-in for a byte.
    private static func standIn(_ byte: UInt8) -> String {
        let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
        if isPrintable { return String(Unicode.Scalar(byte)) }
        let others = (0...255).filter { !((33...126).contains($0) || (161...172).contains($0) || $0 >= 174) }
        return String(Unicode.Scalar(UInt32(256 + others.firstIndex(of: Int(byte))!))!)
    }
}

/// A GGUF file with metadata and no tensors.
package struct GGUFMetadata {
    private var entries: [[UInt8]] = []

    package mutating func add(_ key: String, _ value: String) {
        entries.append(string(key) + integer(UInt32(8)) + string(value))
    }

    package mutating func add(_ key: String, _ value: Int32) {
        entries.append(string(key) + integer(UInt32(5)) + integer(value))
    }

    package mutating func add(_ key: String, _ values: [String]) {
        let header = string(key) + integer(UInt32(9)) + integer(UInt32(8)) + integer(UInt64(values.count))
        entries.append(header + values.flatMap { string($0) })
    }

    package mutating func add(_ key: String, _ values: [Int32]) {
        let header = string(key) + integer(UInt32(9)) + integer(UInt32(5)) + integer(UInt64(values.count))
        entries.append(header + values.flatMap { integer($0) })
    }

    package var file: [UInt8] {
        var bytes = Array("GGUF".utf8) + integer(UInt32(3)) + integer(UInt64(0)) + integer(UInt64(entries.count))
        bytes += entries.joined()
        while bytes.count % 32 != 0 { bytes.append(0) }
        return bytes
    }

    private func integer(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private func string(_ text: String) -> [UInt8] { integer(UInt64(text.utf8.count)) + Array(text.utf8) }
}
