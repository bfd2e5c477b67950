import Tensor

/// How much a transformer shall hold at once; it decides how much memory is set aside.
public struct TransformerCapacity: Equatable, Sendable {
    /// Contexts beyond it must be asked for: keys and values of a long one take more than the weights do.
    public static var contextLengthDefaultMax: Int { 4_096 }

    /// The most tokens of one sequence.
    public var contextLength: Int
    /// The most open sequences.
    public var sequenceCount: Int
    /// Tokens whose keys and values fit, over all sequences; rounded up to whole pages.
    public var cachedTokenCount: Int
    /// The most tokens of one batch.
    public var batchTokenCount: Int
    /// Rows of logits held at once. A pass may want more: they are then computed as they are read.
    public var logitsRowCount: Int

    public init(
        contextLength: Int, sequenceCount: Int, cachedTokenCount: Int,
        batchTokenCount: Int = 128, logitsRowCount: Int = 16
    ) {
        precondition(contextLength > 0 && sequenceCount > 0 && cachedTokenCount > 0, "a capacity must be positive")
        precondition(batchTokenCount > 0 && logitsRowCount > 0, "a capacity must be positive")
        self.contextLength = contextLength
        self.sequenceCount = sequenceCount
        self.cachedTokenCount = cachedTokenCount
        self.batchTokenCount = batchTokenCount
        self.logitsRowCount = logitsRowCount
    }

    /// Memory that a transformer takes besides the weights.
    public struct Memory: Equatable, Sendable {
        /// Keys and values of cached tokens.
        public let keyValueByteCount: Int
        /// Everything else, above all activations and logits.
        public let scratchByteCount: Int
        public var byteCount: Int { keyValueByteCount + scratchByteCount }
    }

    /// What a transformer of this shape and capacity will take, with work space for `participantCount` cores.
    public func memory(for model: ModelConfiguration, participantCount: Int = 1) -> Memory {
        let embedding = model.embeddingLength
        let (queries, keysAndValues) = (model.queryLength, model.keyValueLength)
        let matrices =
            [embedding, embedding, queries, keysAndValues, keysAndValues]
            + [model.feedForwardLength, model.feedForwardLength]
        let activations = [embedding, queries, model.feedForwardLength]
        let batch =
            matrices.reduce(0) { $0 + Matrix.byteCount(capacity: batchTokenCount, columns: $1) }
            + activations.reduce(0) { $0 + Activations.byteCount(capacity: batchTokenCount, columns: $1) }
            + RotaryTable.byteCount(capacity: batchTokenCount, dimensionCount: model.rope.dimensionCount)
        let head =
            Matrix.byteCount(capacity: logitsRowCount, columns: 2 * embedding + model.vocabularySize)
            + Activations.byteCount(capacity: logitsRowCount, columns: embedding)
        let pageTables = sequenceCount * SequenceTable.pages(for: contextLength) * MemoryLayout<Int32>.stride
        return Memory(
            keyValueByteCount: pageCount
                * KeyValuePages.bytesPerPage(
                    layerCount: model.layerCount, headCount: model.keyValueHeadCount, headDimension: model.headDimension
                ),
            scratchByteCount: batch + head + pageTables + participantCount * MultiplyWorkspace.byteCount)
    }

    var pageCount: Int { SequenceTable.pages(for: cachedTokenCount) }
}
