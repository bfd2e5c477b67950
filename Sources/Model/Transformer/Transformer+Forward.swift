import Tensor

// The forward pass of a llama-family transformer. T tokens of one or more sequences go through together; every matrix
// has one row a token.

extension Transformer {
    /// Looks the tokens up: residual `[T, embedding]`.
    public mutating func begin(_ batch: Batch) {
        precondition(!pass.isUnderWay, "a pass is under way")
        precondition(!batch.isEmpty && batch.tokens.count <= batchCapacity, "a batch has 1...batchCapacity tokens")
        pass.removeAll()
        buffers.setTokenCount(batch.tokens.count)
        for entry in batch.entries { beginEntry(entry, of: batch) }
        pass.stage = .layer(0)
    }

    private mutating func beginEntry(_ entry: Batch.Entry, of batch: Batch) {
        precondition(!entry.tokens.isEmpty, "an entry has tokens")
        precondition(!pass.contains(entry.sequence), "a sequence appears once in a batch")
        let start = sequences.length(of: entry.sequence)
        let end = start + entry.tokens.count
        precondition(end <= min(sequences.capacity(of: entry.sequence), contextLength), "more tokens than reserved")
        for index in entry.tokens {
            let token = batch.tokens[index]
            precondition(token >= 0 && Int(token) < vocabularySize, "a token outside the vocabulary")
            let row = pass.rows.count
            let position = start + index - entry.tokens.lowerBound
            let wantsLogits = switch entry.logits {
            case .none: false
            case .last: index == entry.tokens.upperBound - 1
            case .all: true
            }
            pass.append(.init(token: token, sequence: entry.sequence, position: position), wantsLogits: wantsLogits)
            let embedding = weights.tokenEmbedding
            buffers.residual.withRow(row) { embedding.dequantizeRow(Int(token), into: &$0) }
            buffers.rotary.setPosition(position, row: row)
        }
    }

    public mutating func advance() -> Bool {
        switch pass.stage {
        case .idle: preconditionFailure("no pass was begun")
        case .complete: return true
        case .layer(let index):
            attention(index)
            feedForward(index)
            pass.stage = index + 1 < weights.layers.count ? .layer(index + 1) : .head
            return false
        case .head:
            computeLogits(from: 0)
            commitLengths()
            pass.stage = .complete
            return true
        }
    }

    /// residual += output(attention(rope(query(x)), rope(key(x)), value(x))), where x = norm(residual)
    private mutating func attention(_ index: Int) {
        let layer = weights.layers[index]
        let rows = 0..<pass.rows.count
        kernels.normalize(
            buffers.residual, rows: rows, weight: layer.attentionNorm, epsilon: epsilon, into: buffers.normalized)
        project(layer.query, buffers.normalized, into: buffers.queries)
        project(layer.key, buffers.normalized, into: buffers.keys)
        project(layer.value, buffers.normalized, into: buffers.values)

        let (dimension, pairing) = (weights.configuration.headDimension, rope.pairing.ofTable)
        buffers.rotary.rotate(buffers.queries, rows: rows, headDimension: dimension, pairing: pairing)
        buffers.rotary.rotate(buffers.keys, rows: rows, headDimension: dimension, pairing: pairing)

        // All of the batch's keys and values are stored before any token looks back; each sees its own position's and
        // earlier ones.
        let pageLength = KeyValuePages.positionsPerPage
        for (row, token) in pass.rows.enumerated() {
            kernels.store(
                keys: buffers.keys, values: buffers.values, row: row, into: keyValues, layer: index,
                page: Int(sequences.pages(of: token.sequence)[token.position / pageLength]),
                position: token.position % pageLength)
        }
        var row = 0
        while row < pass.rows.count {
            let token = pass.rows[row]
            let end = pass.rows[row...].firstIndex { $0.sequence != token.sequence } ?? pass.rows.count
            kernels.attend(
                queries: buffers.queries, rows: row..<end, firstPosition: token.position,
                heads: 0..<keyValues.headCount, over: keyValues, layer: index,
                pageTable: sequences.pages(of: token.sequence), into: buffers.attended.values,
                workspace: buffers.attentionWorkspace)
            row = end
        }
        kernels.quantize(buffers.attended, rows: rows)
        project(layer.attentionOutput, buffers.attended, into: buffers.update)
        kernels.add(buffers.update, rows: rows, to: buffers.residual)
    }

    /// residual += down(silu(gate(x)) * up(x)), where x = norm(residual)
    private mutating func feedForward(_ index: Int) {
        let layer = weights.layers[index]
        let rows = 0..<pass.rows.count
        kernels.normalize(
            buffers.residual, rows: rows, weight: layer.feedForwardNorm, epsilon: epsilon, into: buffers.normalized)
        project(layer.gate, buffers.normalized, into: buffers.gate)
        project(layer.up, buffers.normalized, into: buffers.up)
        kernels.gate(buffers.gate, buffers.up, rows: rows, into: buffers.gated)
        project(layer.down, buffers.gated, into: buffers.update)
        kernels.add(buffers.update, rows: rows, to: buffers.residual)
    }

    /// output = input * weights^T + bias
    private func project(
        _ projection: TransformerWeights.Projection, _ input: borrowing Activations, into output: borrowing Matrix
    ) {
        kernels.multiply(
            projection.weights, bias: projection.bias, rows: 0..<projection.weights.rows, by: input, into: output,
            workspace: buffers.multiplyWorkspace)
    }

    /// logits = head(norm(residual)), for the wanted rows from `first` on, as many as the buffer holds.
    private mutating func computeLogits(from first: Int) {
        let count = min(pass.logitsRows.count - first, buffers.logits.capacity)
        pass.logitsWindow = first..<(first + count)
        guard count > 0 else { return }
        buffers.headResidual.rows = count
        buffers.headNormalized.rows = count
        buffers.logits.rows = count
        for row in 0..<count {
            buffers.headResidual.copyRow(pass.logitsRows[first + row], of: buffers.residual, to: row)
        }
        kernels.normalize(
            buffers.headResidual, rows: 0..<count, weight: weights.outputNorm, epsilon: epsilon,
            into: buffers.headNormalized)
        kernels.multiply(
            weights.outputHead, rows: 0..<vocabularySize, by: buffers.headNormalized, into: buffers.logits,
            workspace: buffers.multiplyWorkspace)
    }

    /// The batch's tokens now belong to their sequences.
    private mutating func commitLengths() {
        for token in pass.rows { sequences.setLength(token.position + 1, of: token.sequence) }
    }

    public mutating func abandon() {
        pass.removeAll()
    }

    public var logitsRowCount: Int {
        guard case .complete = pass.stage else { return 0 }
        return pass.logitsRows.count
    }

    public mutating func withLogits<Result>(row: Int, _ body: (inout MutableSpan<Float>) -> Result) -> Result {
        precondition(row >= 0 && row < logitsRowCount, "no such row of logits")
        if !pass.logitsWindow.contains(row) { computeLogits(from: row) }
        return buffers.logits.withRow(row - pass.logitsWindow.lowerBound, body)
    }
}
