import Tensor

/// Working memory of a forward pass. T: tokens of the batch, at most the batch capacity.
struct TransformerBuffers: ~Copyable {
    /// The residual stream, `[T, embedding]`.
    var residual: Matrix
    /// The normalised residual stream, input of projections, `[T, embedding]`.
    var normalized: Activations
    /// `[T, heads * head dimension]`
    var queries: Matrix
    /// `[T, key-value heads * head dimension]`
    var keys: Matrix
    var values: Matrix
    /// What attention read, `[T, heads * head dimension]`.
    var attended: Activations
    /// `[T, feed-forward]`
    var gate: Matrix
    var up: Matrix
    /// silu(gate) * up, `[T, feed-forward]`.
    var gated: Activations
    /// What a block adds to the residual stream, `[T, embedding]`.
    var update: Matrix
    /// Cosines and sines of the batch's positions.
    var rotary: RotaryTable
    /// Rows of the residual stream that get logits, `[L, embedding]`; L: rows of logits held at once.
    var headResidual: Matrix
    /// What the last layer adds to these rows.
    var headUpdate: Matrix
    var headNormalized: Activations
    /// `[L, vocabulary]`
    var logits: Matrix

    init(_ model: ModelConfiguration, _ capacity: TransformerCapacity, frequencies: [Double]) {
        let (tokens, logitsRows) = (capacity.batchTokenCount, capacity.logitsRowCount)
        residual = Matrix(capacity: tokens, columns: model.embeddingLength)
        normalized = Activations(capacity: tokens, columns: model.embeddingLength)
        queries = Matrix(capacity: tokens, columns: model.queryLength)
        keys = Matrix(capacity: tokens, columns: model.keyValueLength)
        values = Matrix(capacity: tokens, columns: model.keyValueLength)
        attended = Activations(capacity: tokens, columns: model.queryLength)
        gate = Matrix(capacity: tokens, columns: model.feedForwardLength)
        up = Matrix(capacity: tokens, columns: model.feedForwardLength)
        gated = Activations(capacity: tokens, columns: model.feedForwardLength)
        update = Matrix(capacity: tokens, columns: model.embeddingLength)
        rotary = RotaryTable(capacity: tokens, frequencies: frequencies)
        headResidual = Matrix(capacity: logitsRows, columns: model.embeddingLength)
        headUpdate = Matrix(capacity: logitsRows, columns: model.embeddingLength)
        headNormalized = Activations(capacity: logitsRows, columns: model.embeddingLength)
        logits = Matrix(capacity: logitsRows, columns: model.vocabularySize)
    }

    /// Makes room for a batch of `tokenCount` rows.
    mutating func setTokenCount(_ tokenCount: Int) {
        residual.rows = tokenCount
        normalized.rows = tokenCount
        queries.rows = tokenCount
        keys.rows = tokenCount
        values.rows = tokenCount
        attended.rows = tokenCount
        gate.rows = tokenCount
        up.rows = tokenCount
        gated.rows = tokenCount
        update.rows = tokenCount
    }

    /// Makes room for `rowCount` rows of logits.
    mutating func setLogitsRowCount(_ rowCount: Int) {
        headResidual.rows = rowCount
        headUpdate.rows = rowCount
        headNormalized.rows = rowCount
        logits.rows = rowCount
    }
}
