import ModelFormats
import Tensor
import TestSupport
import Transformer

/// A small transformer with random weights, as a GGUF file in memory.
package final class RandomModel {
    package struct Shape {
        package var architecture: String
        package var vocabulary: Int
        package var embedding: Int
        package var feedForward: Int
        package var heads: Int
        package var keyValueHeads: Int
        package var layers: Int
        /// Taken in turn by the projections.
        package var types: [TensorType]
        package var hasBiases: Bool
        package var hasHead: Bool
        package var hasFrequencyFactors: Bool
        package var metadata: [(String, GGUFBuilder.Value)]

        package init(
            architecture: String = "llama", vocabulary: Int = 50, embedding: Int = 64, feedForward: Int = 96,
            heads: Int = 4, keyValueHeads: Int = 2, layers: Int = 2, types: [TensorType], hasBiases: Bool = false,
            hasHead: Bool = false, hasFrequencyFactors: Bool = false, metadata: [(String, GGUFBuilder.Value)] = []
        ) {
            self.architecture = architecture
            self.vocabulary = vocabulary
            self.embedding = embedding
            self.feedForward = feedForward
            self.heads = heads
            self.keyValueHeads = keyValueHeads
            self.layers = layers
            self.types = types
            self.hasBiases = hasBiases
            self.hasHead = hasHead
            self.hasFrequencyFactors = hasFrequencyFactors
            self.metadata = metadata
        }
    }

    package let bytes: UnsafeMutableRawBufferPointer
    package let file: ModelContainer
    package let configuration: ModelConfiguration

    package init(_ shape: Shape, seed: UInt64, changing change: (inout GGUFBuilder) -> Void = { _ in }) throws {
        var builder = RandomModel.header(shape)
        change(&builder)
        let contents = builder.build()
        bytes = .allocate(byteCount: contents.count, alignment: 64)
        bytes.copyBytes(from: contents)
        file = try ModelContainer(contents.span.bytes)
        configuration = try ModelConfiguration(file)
        var generator = SplitMix64(seed: seed)
        for tensor in file.tensors { fill(tensor, &generator) }
    }

    deinit {
        bytes.deallocate()
    }

    package func weights() throws(TransformerError) -> TransformerWeights {
        try TransformerWeights(file, configuration, bytes: UnsafeRawBufferPointer(bytes))
    }

    /// All rows of a tensor as floats; nil where the file has none of that name.
    package func floats(_ name: String) -> [[Float]]? {
        guard let info = file.tensor(named: name) else { return nil }
        let range = UnsafeRawBufferPointer(rebasing: bytes[info.byteRange])
        let view = TensorView(type: info.type, rows: info.rowCount, columns: info.columnCount, bytes: range)!
        return (0..<view.rows).map { row in
            var floats = [Float](repeating: 0, count: view.columns)
            var span = floats.mutableSpan
            view.dequantizeRow(row, into: &span)
            return floats
        }
    }

    private static func header(_ shape: Shape) -> GGUFBuilder {
        var builder = GGUFBuilder()
        let prefix = shape.architecture + "."
        builder.add("general.architecture", .string(shape.architecture))
        builder.add(prefix + "block_count", .uint32(UInt32(shape.layers)))
        builder.add(prefix + "context_length", .uint32(256))
        builder.add(prefix + "embedding_length", .uint32(UInt32(shape.embedding)))
        builder.add(prefix + "feed_forward_length", .uint32(UInt32(shape.feedForward)))
        builder.add(prefix + "attention.head_count", .uint32(UInt32(shape.heads)))
        builder.add(prefix + "attention.head_count_kv", .uint32(UInt32(shape.keyValueHeads)))
        builder.add(prefix + "attention.layer_norm_rms_epsilon", .float32(1e-5))
        for (key, value) in shape.metadata { builder.add(prefix + key, value) }
        addTensors(shape, &builder)
        return builder
    }

    private static func addTensors(_ shape: Shape, _ builder: inout GGUFBuilder) {
        var turn = 0
        func matrix(_ name: String, _ rows: Int, _ columns: Int) {
            let type = shape.types[turn % shape.types.count]
            turn += 1
            builder.addTensor(name, [UInt64(columns), UInt64(rows)], type.rawValue)
        }
        func vector(_ name: String, _ count: Int) { builder.addTensor(name, [UInt64(count)]) }

        let keyValueLength = shape.embedding / shape.heads * shape.keyValueHeads
        matrix("token_embd.weight", shape.vocabulary, shape.embedding)
        vector("output_norm.weight", shape.embedding)
        if shape.hasHead { matrix("output.weight", shape.vocabulary, shape.embedding) }
        if shape.hasFrequencyFactors { vector("rope_freqs.weight", shape.embedding / shape.heads / 2) }
        for layer in 0..<shape.layers {
            let prefix = "blk.\(layer)."
            vector(prefix + "attn_norm.weight", shape.embedding)
            vector(prefix + "ffn_norm.weight", shape.embedding)
            matrix(prefix + "attn_q.weight", shape.embedding, shape.embedding)
            matrix(prefix + "attn_k.weight", keyValueLength, shape.embedding)
            matrix(prefix + "attn_v.weight", keyValueLength, shape.embedding)
            matrix(prefix + "attn_output.weight", shape.embedding, shape.embedding)
            matrix(prefix + "ffn_gate.weight", shape.feedForward, shape.embedding)
            matrix(prefix + "ffn_up.weight", shape.feedForward, shape.embedding)
            matrix(prefix + "ffn_down.weight", shape.embedding, shape.feedForward)
            guard shape.hasBiases else { continue }
            vector(prefix + "attn_q.bias", shape.embedding)
            vector(prefix + "attn_k.bias", keyValueLength)
            vector(prefix + "attn_v.bias", keyValueLength)
        }
    }

    /// Random codes with moderate scales; norms and factors near 1.
    private func fill(_ info: ModelContainer.TensorInfo, _ generator: inout SplitMix64) {
        let isFactor = info.name.contains("norm") || info.name.contains("rope")
        for offset in stride(from: info.offset, to: info.byteRange.upperBound, by: info.type.bytesPerBlock) {
            for byte in 0..<info.type.bytesPerBlock {
                bytes[offset + byte] = UInt8.random(in: 0...255, using: &generator)
            }
            let value = Float.random(in: isFactor ? 0.5...1.5 : -0.3...0.3, using: &generator)
            switch info.type {
            case .f32: bytes.storeBytes(of: value, toByteOffset: offset, as: Float.self)
            case .f16: storeHalf(value, offset)
            case .bf16: bytes.storeBytes(of: UInt16(value.bitPattern >> 16), toByteOffset: offset, as: UInt16.self)
            case .q4_0, .q5_0, .q8_0: storeHalf(value * scale(info.type), offset)
            case .q4_1, .q5_1, .q4_K, .q5_K:
                // A minimum that centres the codes.
                let step = abs(value) * scale(info.type)
                storeHalf(step, offset)
                storeHalf(info.type == .q4_1 ? -7.5 * step : info.type == .q5_1 ? -15.5 * step : step, offset + 2)
            case .q6_K: storeHalf(value * scale(info.type), offset + 208)
            }
        }
    }

    /// What brings a format's codes (times their inner scales) to about -1...1.
    private func scale(_ type: TensorType) -> Float {
        switch type {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1: 1.0 / 8
        case .q5_0, .q5_1: 1.0 / 16
        case .q8_0: 1.0 / 128
        case .q4_K: 1.0 / 512
        case .q5_K: 1.0 / 1024
        case .q6_K: 1.0 / 2048
        }
    }

    private func storeHalf(_ value: Float, _ offset: Int) {
        bytes.storeBytes(of: Float16(value).bitPattern, toByteOffset: offset, as: UInt16.self)
    }
}
