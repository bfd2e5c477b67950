import ModelFixtures
import TestSupport
import Testing
import Tokenizers
import Transformer

@testable import ModelFormats

@Suite("GGUF: what a damaged or hostile file gets")
struct GGUFErrorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]
        let field: String
        let problem: ContainerError.Problem

        init(
            _ description: String, field: String, _ problem: ContainerError.Problem,
            _ change: (inout GGUFBuilder) -> Void
        ) {
            testDescription = description
            self.field = field
            self.problem = problem
            var builder = TestModels.tinyLlama()
            change(&builder)
            bytes = builder.build()
        }
    }

    static let cases: [Case] = [
        Case("a zip archive", field: "magic", .foreign(magic: 0x504b_0304)) { $0.magic = [0x50, 0x4b, 3, 4] },
        Case("version 1", field: "version", .unsupportedVersion(1, supported: "2 and 3 are")) { $0.version = 1 },
        Case("version 4", field: "version", .unsupportedVersion(4, supported: "2 and 3 are")) { $0.version = 4 },
        Case("big-endian", field: "version", .bigEndian) { $0.version = 0x0300_0000 },
        Case(
            "absurd tensor count", field: "tensor count",
            .tooLarge(.max, limit: GGUFLimits.tensorCountMax)
        ) { $0.statedTensorCount = .max },
        Case(
            "absurd metadata count", field: "metadata count",
            .tooLarge(1 << 40, limit: GGUFLimits.metadataCountMax)
        ) { $0.statedMetadataCount = 1 << 40 },
        Case("a key twice", field: "metadata key 'general.name'", .duplicate) { $0.add("general.name", .string("x")) },
        Case("a key that is empty", field: "metadata key 9", .empty) { $0.add("", .string("x")) },
        Case("a key with a line break", field: "metadata key 9", .invalidName) { $0.add("a\nb", .string("x")) },
        Case("a boolean of 7", field: "flag", .invalidBool(7)) { $0.add("flag", .bool(7)) },
        Case("a boolean of 2 in an array", field: "flags", .invalidBool(2)) { $0.add("flags", .bools([1, 0, 2])) },
        Case("alignment 48", field: "general.alignment", .notPowerOfTwo(48)) {
            $0.add("general.alignment", .uint32(48))
        },
        Case("alignment 0", field: "general.alignment", .notPowerOfTwo(0)) { $0.add("general.alignment", .uint32(0)) },
        Case(
            "alignment of a gigabyte", field: "general.alignment",
            .tooLarge(1 << 30, limit: GGUFLimits.alignmentMax)
        ) { $0.add("general.alignment", .uint64(1 << 30)) },
        Case("alignment as text", field: "general.alignment", .wrongType(expected: "an integer")) {
            $0.add("general.alignment", .string("32"))
        },
        Case("a tensor twice", field: "tensor 'output_norm.weight'", .duplicate) {
            $0.addTensor("output_norm.weight", [4])
        },
        Case("a tensor without dimensions", field: "tensor 'x'", .zeroDimension) { $0.addTensor("x", []) },
        Case("a tensor of no rows", field: "tensor 'x'", .zeroDimension) { $0.addTensor("x", [4, 0]) },
        Case(
            "a tensor of five dimensions", field: "tensor 'x': dimensions",
            .tooLarge(5, limit: GGUFLimits.dimensionCountMax)
        ) { $0.addTensor("x", [1, 1, 1, 1, 1]) },
        Case("dimensions whose product overflows", field: "tensor 'x'", .sizeOverflow) {
            $0.addTensor("x", [1 << 32, 1 << 32])
        },
        Case("a dimension beyond Int", field: "tensor 'x'", .sizeOverflow) { $0.addTensor("x", [.max]) },
        Case("a type of later GGML", field: "tensor 'x'", .unsupportedTensorType(16, name: "IQ2_XXS")) {
            $0.addTensor("x", [256], 16)
        },
        Case("a type that does not exist", field: "tensor 'x'", .unsupportedTensorType(999, name: "unknown")) {
            $0.addTensor("x", [256], 999)
        },
        Case("rows of half a block", field: "tensor 'x'", .partialBlock(rowLength: 48, elementsPerBlock: 32)) {
            $0.addTensor("x", [48, 2], 8)
        },
        Case("a data offset between alignments", field: "tensor 'x'", .misaligned(offset: 16, alignment: 32)) {
            $0.addTensor("x", [4], offset: 16)
        },
        Case("two tensors on one place", field: "tensor 'x'", .overlaps(tensor: "token_embd.weight")) {
            $0.addTensor("x", [4], offset: 64)
        },
        Case(
            "a name longer than GGML allows", field: "name of tensor 3",
            .tooLarge(65, limit: GGUFLimits.tensorNameByteCountMax)
        ) {
            $0.addTensor(String(repeating: "x", count: 65), [4])
        },
    ]

    @Test("named by field and problem", arguments: cases)
    func named(item: Case) {
        let error = #expect(throws: ContainerError.self) { try TestModels.parse(item.bytes) }
        #expect(error?.field == item.field)
        #expect(error?.problem == item.problem)
        if let error {
            let message = error.message(fileName: "model.gguf")
            #expect(message.hasPrefix("model.gguf: offset 0x"))
            #expect(!message.contains("\n"))
        }
    }

    @Test("the offset points at the value that is wrong")
    func offsets() {
        var bytes = TestModels.tinyLlama().build()
        bytes[4] = 9
        let error = #expect(throws: ContainerError.self) { try TestModels.parse(bytes) }
        #expect(
            error?.message(fileName: "m.gguf")
                == "m.gguf: offset 0x4: version: version 9 is not supported (2 and 3 are); convert the model anew")
    }

    @Test("a file cut anywhere in its header or data is called truncated")
    func truncation() {
        let bytes = TestModels.tinyLlama().build()
        for length in stride(from: 0, to: bytes.count, by: 7) {
            let error = #expect(throws: ContainerError.self) { try TestModels.parse(Array(bytes[..<length])) }
            if case .truncated = error?.problem { continue }
            Issue.record("cut at \(length): \(String(describing: error))")
        }
    }

    @Test("arrays: nested ones, absurd counts and unknown element types")
    func arrays() {
        func file(_ elementType: UInt32, _ count: UInt64) -> [UInt8] {
            var writer = ByteWriter()
            writer.bytes = Array("GGUF".utf8)
            writer.integer(UInt32(3))
            writer.integer(UInt64(0))
            writer.integer(UInt64(1))
            writer.string("list")
            writer.integer(UInt32(9))
            writer.integer(elementType)
            writer.integer(count)
            return writer.bytes + [UInt8](repeating: 0, count: 64)
        }
        let cases: [([UInt8], ContainerError.Problem)] = [
            (file(9, 1), .nestedArray), (file(13, 1), .unknownValueType(13)),
            (file(8, .max), .truncated(needed: .max, fileSize: 116)), (file(12, .max), .sizeOverflow),
        ]
        for (bytes, problem) in cases {
            let error = #expect(throws: ContainerError.self) { try TestModels.parse(bytes) }
            #expect(error?.problem == problem && error?.field == "list")
        }
    }

    @Test("mutated files never trap: not the reader, not what is built upon it")
    func fuzz() {
        var random = SplitMix64(seed: 2)
        var builder = TestModels.tinyLlama()
        builder.add("tokenizer.ggml.model", .string("gpt2"))
        builder.add("tokenizer.ggml.pre", .string("llama-bpe"))
        builder.add("tokenizer.ggml.tokens", .strings(["a", "b", "ab", "<|im_end|>", "Ġ"]))
        builder.add("tokenizer.ggml.token_type", .int32s([1, 1, 1, 3, 1]))
        builder.add("tokenizer.ggml.merges", .strings(["a b"]))
        let original = builder.build()
        let headerByteCount = (try? TestModels.parse(original))?.headerByteCount ?? original.count
        var parsed = 0
        for _ in 0..<4_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let offset = Int.random(in: 0..<headerByteCount, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[offset] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: bytes.removeSubrange(offset..<min(offset + Int.random(in: 1...9, using: &random), bytes.count))
                default: bytes.insert(0xff, at: offset)
                }
            }
            guard let file = try? TestModels.parse(bytes) else { continue }
            parsed += 1
            _ = try? ModelConfiguration(file)
            if let tokenizer = try? Tokenizer(file, bytes: bytes.span.bytes) {
                _ = tokenizer.encodeAll("ab a<|im_end|>", addSpecial: true, parseSpecial: true)
            }
        }
        #expect(parsed > 100)
    }
}
