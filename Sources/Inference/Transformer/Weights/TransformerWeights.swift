import ModelFormats
import Tensor

/// A llama-family model's weights: views of a mapped model file, each checked once against the configuration.
///
/// The file's bytes must outlive the weights and stay unchanged. Norms and biases are small and copied as floats.
/// Shapes are `[rows, columns]`; a projection maps `columns` inputs to `rows` outputs.
public struct TransformerWeights: Sendable {
    let configuration: ModelConfiguration
    /// `[vocabulary, embedding]`
    let tokenEmbedding: TensorView
    let layers: [Layer]
    /// `[embedding]`
    let outputNorm: [Float]
    /// `[vocabulary, embedding]`; the embedding itself where the file has no head.
    let outputHead: TensorView
    /// `[rope dimensions / 2]`; empty where the file has none.
    let ropeFrequencyFactors: [Float]

    struct Layer: Sendable {
        /// `[embedding]`
        let attentionNorm: [Float]
        /// `[heads * head dimension, embedding]`
        let query: Projection
        /// `[key-value heads * head dimension, embedding]`
        let key: Projection
        let value: Projection
        /// `[embedding, heads * head dimension]`
        let attentionOutput: Projection
        /// `[embedding]`
        let feedForwardNorm: [Float]
        /// `[feed-forward, embedding]`
        let gate: Projection
        let up: Projection
        /// `[embedding, feed-forward]`
        let down: Projection
    }

    struct Projection: Sendable {
        let weights: TensorView
        /// `[rows]`, or empty.
        let bias: [Float]
    }

    /// Finds and checks all tensors of `container` in `bytes`, the file's whole contents.
    public init(
        _ container: ModelContainer, _ configuration: ModelConfiguration, bytes: UnsafeRawBufferPointer
    ) throws(TransformerError) {
        var loader = TensorLoader(container: container, bytes: bytes)
        let (embedding, vocabulary) = (configuration.embeddingLength, configuration.vocabularySize)
        self.configuration = configuration
        tokenEmbedding = try loader.matrix("token_embd.weight", rows: vocabulary, columns: embedding)
        outputNorm = try loader.vector("output_norm.weight", count: embedding)
        outputHead =
            configuration.hasTiedEmbeddings
            ? tokenEmbedding : try loader.matrix("output.weight", rows: vocabulary, columns: embedding)
        ropeFrequencyFactors =
            configuration.rope.hasFrequencyFactors
            ? try loader.vector("rope_freqs.weight", count: configuration.rope.dimensionCount / 2) : []
        var layers: [Layer] = []
        layers.reserveCapacity(configuration.layerCount)
        for index in 0..<configuration.layerCount {
            layers.append(try Layer(&loader, configuration, prefix: "blk.\(index)."))
        }
        self.layers = layers
        try loader.checkAllClaimed()
    }
}

extension TransformerWeights.Layer {
    fileprivate init(
        _ loader: inout TensorLoader, _ configuration: ModelConfiguration, prefix: String
    ) throws(TransformerError) {
        let (embedding, feedForward) = (configuration.embeddingLength, configuration.feedForwardLength)
        let (queries, keysAndValues) = (configuration.queryLength, configuration.keyValueLength)
        attentionNorm = try loader.vector(prefix + "attn_norm.weight", count: embedding)
        query = try loader.projection(prefix + "attn_q", rows: queries, columns: embedding)
        key = try loader.projection(prefix + "attn_k", rows: keysAndValues, columns: embedding)
        value = try loader.projection(prefix + "attn_v", rows: keysAndValues, columns: embedding)
        attentionOutput = try loader.projection(prefix + "attn_output", rows: embedding, columns: queries)
        feedForwardNorm = try loader.vector(prefix + "ffn_norm.weight", count: embedding)
        gate = try loader.projection(prefix + "ffn_gate", rows: feedForward, columns: embedding)
        up = try loader.projection(prefix + "ffn_up", rows: feedForward, columns: embedding)
        down = try loader.projection(prefix + "ffn_down", rows: embedding, columns: feedForward)
    }
}

/// Looks tensors up by name and checks their shape.
private struct TensorLoader {
    let container: ModelContainer
    let bytes: UnsafeRawBufferPointer
    /// By the number of the tensor in the container: whether it is part of the model.
    private var isClaimed: [Bool]

    init(container: ModelContainer, bytes: UnsafeRawBufferPointer) {
        self.container = container
        self.bytes = bytes
        isClaimed = [Bool](repeating: false, count: container.tensors.count)
    }

    /// Refuses a file with a tensor that no part of the model has asked for.
    func checkAllClaimed() throws(TransformerError) {
        let unknown = isClaimed.indices.filter { !isClaimed[$0] }
        guard !unknown.isEmpty else { return }
        throw .unknownTensors(names: unknown.prefix(3).map { container.tensors[$0].name }, count: unknown.count)
    }

    mutating func matrix(_ name: String, rows: Int, columns: Int) throws(TransformerError) -> TensorView {
        guard let index = container.tensorIndex(named: name) else { throw .missingTensor(name: name) }
        isClaimed[index] = true
        let info = container.tensors[index]
        guard info.rowCount == rows, info.columnCount == columns else {
            throw .wrongShape(
                name: name, expectedRows: rows, expectedColumns: columns, rows: info.rowCount,
                columns: info.columnCount)
        }
        // SAFETY: the directory's ranges lie within the file; that `bytes` is the whole file is checked here.
        guard info.byteRange.upperBound <= bytes.count,
            let view = TensorView(
                type: info.type, layout: info.layout, rows: rows, columns: columns,
                bytes: UnsafeRawBufferPointer(rebasing: bytes[info.byteRange]))
        else { throw .outsideFile(name: name) }
        return view
    }

    mutating func vector(_ name: String, count: Int) throws(TransformerError) -> [Float] {
        let view = try matrix(name, rows: 1, columns: count)
        guard !view.type.isQuantized else { throw .quantizedVector(name: name, type: view.type) }
        var floats = [Float](repeating: 0, count: count)
        var span = floats.mutableSpan
        view.dequantizeRow(0, into: &span)
        return floats
    }

    /// `name.weight`, and `name.bias` where the file has one.
    mutating func projection(
        _ name: String, rows: Int, columns: Int
    ) throws(TransformerError) -> TransformerWeights.Projection {
        let weights = try matrix(name + ".weight", rows: rows, columns: columns)
        let biasName = name + ".bias"
        let bias = container.tensor(named: biasName) == nil ? [] : try vector(biasName, count: rows)
        return TransformerWeights.Projection(weights: weights, bias: bias)
    }
}
