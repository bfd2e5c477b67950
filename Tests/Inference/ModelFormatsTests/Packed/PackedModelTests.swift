import ModelFixtures
import Tensor
import Testing
import Transformer

@testable import ModelFormats

@Suite("HXM: what a packed model holds")
struct PackedModelTests {
    private static let shape = RandomModel.Shape(
        vocabulary: 50, embedding: 256, feedForward: 256, heads: 8, keyValueHeads: 2, layers: 3,
        types: [.q4_0, .q6_K, .f16, .q4_1, .q8_0, .q4_K, .q5_0, .q5_1, .q5_K, .bf16], hasBiases: true, hasHead: true)

    private func packed(seed: UInt64 = 1) throws -> (RandomModel, [UInt8]) {
        let model = try RandomModel(Self.shape, seed: seed)
        return (model, try PackedModel.pack([UInt8](model.bytes)))
    }

    @Test("metadata and tensors are the GGUF file's, each tensor in the layout that the kernels read")
    func roundTrip() throws {
        let (model, bytes) = try packed()
        let file = try ModelContainer(bytes.span.bytes)
        #expect(file.format == .hxm && file.version == 2)
        #expect(file.metadata.map(\.key) == model.file.metadata.map(\.key))
        #expect(file["llama.block_count"]?.integer == 3)
        #expect(try ModelConfiguration(file) == model.configuration)
        #expect(Set(file.tensors.map(\.name)) == Set(model.file.tensors.map(\.name)))
        for tensor in file.tensors {
            let source = try #require(model.file.tensor(named: tensor.name))
            #expect(tensor.type == source.type && tensor.byteCount == source.byteCount)
            #expect(tensor.rowCount == source.rowCount && tensor.columnCount == source.columnCount)
            #expect(tensor.layout == source.layoutForKernels)
        }
        #expect(file.tensor(named: "blk.0.attn_k.weight")?.layout == .panels)
        #expect(file.tensor(named: "blk.0.attn_q.bias")?.layout == .rows)
        try bytes.withUnsafeBytes { try file.verifyTensors(in: $0) }
    }

    @Test("every row reads the same from either file")
    func rows() throws {
        let (model, bytes) = try packed()
        let file = try ModelContainer(bytes.span.bytes)
        bytes.withUnsafeBytes { bytes in
            for tensor in file.tensors {
                let view = TensorView(
                    type: tensor.type, layout: tensor.layout, rows: tensor.rowCount, columns: tensor.columnCount,
                    bytes: UnsafeRawBufferPointer(rebasing: bytes[tensor.byteRange]))!
                let expected = model.floats(tensor.name)!
                for row in 0..<view.rows {
                    var floats = [Float](repeating: 0, count: view.columns)
                    var span = floats.mutableSpan
                    view.dequantizeRow(row, into: &span)
                    #expect(floats == expected[row], "row \(row) of \(tensor.name)")
                }
            }
        }
    }

    @Test("vectors come first and together, matrices behind a 2 MiB boundary in the order of their use")
    func placement() throws {
        let (_, bytes) = try packed()
        let file = try ModelContainer(bytes.span.bytes)
        let vectors = file.tensors.prefix { $0.rowCount == 1 }
        let matrices = file.tensors.dropFirst(vectors.count)
        #expect(matrices.allSatisfy { $0.rowCount > 1 })
        #expect(matrices.first?.offset == 2 << 20)
        #expect(file.tensors.allSatisfy { $0.offset % 64 == 0 })
        #expect(bytes.count % (2 << 20) == 0)
        // Without gaps but for the alignment.
        for (one, next) in zip(matrices, matrices.dropFirst()) {
            #expect(next.offset - one.byteRange.upperBound < 64)
        }
        let parts = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
        let layers = (0..<3).flatMap { layer in parts.map { "blk.\(layer).\($0).weight" } }
        #expect(matrices.map(\.name) == ["token_embd.weight"] + layers + ["output.weight"])
    }

    @Test("the same model makes the same bytes")
    func deterministic() throws {
        #expect(try packed().1 == packed().1)
        #expect(try packed(seed: 1).1 != packed(seed: 2).1)
    }

    @Test("a header comes in pieces: each attempt names a need that is true")
    func prefix() throws {
        let (_, bytes) = try packed()
        let whole = try ModelContainer(bytes.span.bytes)
        for length in Array(0...80) + [1_000, whole.headerByteCount - 1, whole.headerByteCount] {
            let prefix = bytes.span.bytes.extracting(0..<length)
            switch try ModelContainer.parse(prefix: prefix, fileSize: bytes.count) {
            case .needsMoreBytes(let needed):
                #expect(length < whole.headerByteCount && needed > length && needed <= whole.headerByteCount)
            case .complete(let file):
                #expect(length >= whole.headerByteCount && file.tensors == whole.tensors)
            }
        }
    }

    @Test("a model of no tensors packs to its metadata")
    func empty() throws {
        var builder = GGUFBuilder()
        builder.add("general.name", .string("nothing"))
        let bytes = try PackedModel.pack(builder.build())
        let file = try ModelContainer(bytes.span.bytes)
        #expect(file.tensors.isEmpty && file["general.name"]?.string == "nothing")
        #expect(bytes.count == 2 << 20)
    }
}
