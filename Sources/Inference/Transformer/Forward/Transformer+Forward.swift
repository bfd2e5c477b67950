import ModelFormats
import Tensor

// The forward pass of a llama-family transformer. T tokens of one or more sequences go through together; every matrix
// has one row a token. A layer is a sequence of phases (`TransformerPhase`), each shared by the crew.

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
            let wantsLogits =
                switch entry.logits {
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
            pass.layer = index
            runLayer()
            pass.stage = index + 1 < weights.layers.count ? .layer(index + 1) : .head
            return false
        case .head:
            computeLogits(from: 0)
            commitLengths()
            pass.stage = .complete
            return true
        }
    }

    /// residual += output(attention(rope(query(x)), rope(key(x)), value(x))), where x = norm(residual), and then
    /// residual += down(silu(gate(x)) * up(x)), where x = norm(residual). The last addition is left to what follows.
    private mutating func runLayer() {
        run(.attentionInput)
        run(.attentionProjections)
        run(.store)
        let isLast = pass.layer + 1 == weights.layers.count
        // Of the last layer, what other tokens will look back at is in the cache by now.
        if isLast, pass.logitsRows.isEmpty { return }
        run(.attend)
        if isLast { keepLogitsRows() }
        run(.attendedInput)
        run(.attentionOutput)
        run(.feedForwardInput)
        run(.gateAndUp)
        run(.gatedInput)
        run(.down)
    }

    /// Goes on with the rows that get logits alone: row i of what the rest of the pass reads becomes that of
    /// `logitsRows[i]`.
    private mutating func keepLogitsRows() {
        for (target, row) in pass.logitsRows.enumerated() where row != target {
            buffers.residual.copyRow(row, to: target)
            buffers.attended.copyRow(row, to: target)
        }
        buffers.setTokenCount(pass.logitsRows.count)
    }

    /// logits = head(norm(residual)), for the wanted rows from `first` on, as many as the buffer holds.
    private mutating func computeLogits(from first: Int) {
        let count = min(pass.logitsRows.count - first, buffers.logits.capacity)
        pass.logitsWindow = first..<(first + count)
        guard count > 0 else { return }
        buffers.setLogitsRowCount(count)
        for row in 0..<count {
            buffers.headResidual.copyRow(first + row, of: buffers.residual, to: row)
            buffers.headUpdate.copyRow(first + row, of: buffers.update, to: row)
        }
        run(.headInput)
        run(.head)
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
