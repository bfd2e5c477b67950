import Tensor

// How each phase of a pass is cut into chunks, and what a chunk does. Chunks only borrow the transformer: they write to
// parts of the buffers that no other chunk of their phase touches.

extension Transformer {
    /// Has the crew do `phase`.
    mutating func run(_ phase: TransformerPhase) {
        pass.current = PhaseUnderWay(phase: phase, rowsPerChunk: rowsPerChunk(of: phase))
        let (crew, chunkCount) = (crew, chunkCount(of: phase))
        withUnsafePointer(to: &self) { transformer in
            crew.run(chunkCount: chunkCount, context: UnsafeRawPointer(transformer)) { context, chunk, participant in
                // SAFETY: points to this transformer, which stays where it is and is only read until `run` returns.
                context.assumingMemoryBound(to: Transformer.self).pointee.perform(chunk, as: participant)
            }
        }
    }

    private func perform(_ chunk: Int, as participant: Int) {
        let phase = pass.current.phase
        switch phase {
        case .attentionInput, .store, .attendedInput, .feedForwardInput, .gatedInput, .headInput:
            let start = chunk * pass.current.rowsPerChunk
            let rows = start..<min(start + pass.current.rowsPerChunk, tokenCount(of: phase))
            performOnTokens(phase, rows)
        case .attend: attend(chunk, workspaces[participant])
        case .attentionProjections, .attentionOutput, .gateAndUp, .down, .head:
            performOnWeights(phase, chunk, workspaces[participant])
        }
    }
}

// MARK: - Cutting phases into chunks

extension Transformer {
    /// Fewer tokens than this are not worth a barrier: the leader does what there is to do to them.
    private static var sharedTokensMin: Int { 4 }
    /// Chunks of a phase that each participant gets at least where there is enough to do: the finer, the less the
    /// others wait for a late one.
    private static var chunksPerParticipant: Int { 4 }
    /// Multiplications of a chunk: some ten microseconds.
    private static var multiplicationsPerChunk: Int { 1 << 20 }

    private func rowsPerChunk(of phase: TransformerPhase) -> Int {
        let (participants, tokens) = (crew.participantCount, tokenCount(of: phase))
        switch phase {
        case .attend: return 1
        case .attentionInput, .store, .attendedInput, .feedForwardInput, .gatedInput, .headInput:
            guard participants > 1, tokens >= Self.sharedTokensMin else { return max(tokens, 1) }
            return max(1, tokens / (participants * Self.chunksPerParticipant))
        case .attentionProjections, .attentionOutput, .gateAndUp, .down, .head:
            let rows = weightRows(of: phase)
            guard participants > 1 else { return rows }
            let share = rows / (participants * Self.chunksPerParticipant)
            let affordable = Self.multiplicationsPerChunk / (weightColumns(of: phase) * max(tokens, 1))
            return max(1, min(share, affordable) / PanelPacking.rowsPerPanel) * PanelPacking.rowsPerPanel
        }
    }

    private func chunkCount(of phase: TransformerPhase) -> Int {
        let model = weights.configuration
        return switch phase {
        case .attend: pass.spans.count * model.keyValueHeadCount
        case .attentionInput, .store, .attendedInput, .feedForwardInput, .gatedInput, .headInput:
            chunkCount(rows: tokenCount(of: phase))
        case .attentionProjections: chunkCount(rows: model.queryLength) + 2 * chunkCount(rows: model.keyValueLength)
        case .gateAndUp: 2 * chunkCount(rows: model.feedForwardLength)
        case .attentionOutput, .down, .head: chunkCount(rows: weightRows(of: phase))
        }
    }

    private func chunkCount(rows: Int) -> Int {
        (rows + pass.current.rowsPerChunk - 1) / pass.current.rowsPerChunk
    }

    private func tokenCount(of phase: TransformerPhase) -> Int {
        switch phase {
        case .headInput, .head: buffers.logits.rows
        default: buffers.residual.rows
        }
    }

    private func weightRows(of phase: TransformerPhase) -> Int {
        let model = weights.configuration
        return switch phase {
        case .attentionProjections: model.queryLength + 2 * model.keyValueLength
        case .gateAndUp: 2 * model.feedForwardLength
        case .head: model.vocabularySize
        default: model.embeddingLength
        }
    }

    private func weightColumns(of phase: TransformerPhase) -> Int {
        let model = weights.configuration
        return switch phase {
        case .attentionOutput: model.queryLength
        case .down: model.feedForwardLength
        default: model.embeddingLength
        }
    }
}

// MARK: - Phases over tokens

extension Transformer {
    private func performOnTokens(_ phase: TransformerPhase, _ rows: Range<Int>) {
        let layer = pass.layer
        switch phase {
        case .attentionInput:
            if layer > 0 { kernels.add(buffers.update, rows: rows, to: buffers.residual) }
            normalize(rows, weights.layers[layer].attentionNorm)
        case .store: for row in rows { store(row, layer) }
        case .attendedInput: kernels.quantize(buffers.attended, rows: rows)
        case .feedForwardInput:
            kernels.add(buffers.update, rows: rows, to: buffers.residual)
            normalize(rows, weights.layers[layer].feedForwardNorm)
        case .gatedInput: kernels.gate(buffers.gate, buffers.up, rows: rows, into: buffers.gated)
        case .headInput:
            kernels.add(buffers.headUpdate, rows: rows, to: buffers.headResidual)
            kernels.normalize(
                buffers.headResidual, rows: rows, weight: weights.outputNorm, epsilon: epsilon,
                into: buffers.headNormalized)
        default: preconditionFailure("not a phase over tokens")
        }
    }

    private func normalize(_ rows: Range<Int>, _ weight: [Float]) {
        kernels.normalize(buffers.residual, rows: rows, weight: weight, epsilon: epsilon, into: buffers.normalized)
    }

    /// All of the batch's keys and values are stored before any token looks back; each sees its own position's and
    /// earlier ones.
    private func store(_ row: Int, _ layer: Int) {
        let (dimension, pairing) = (weights.configuration.headDimension, rope.pairing.ofTable)
        buffers.rotary.rotate(buffers.queries, rows: row..<row + 1, headDimension: dimension, pairing: pairing)
        buffers.rotary.rotate(buffers.keys, rows: row..<row + 1, headDimension: dimension, pairing: pairing)
        let token = pass.rows[row]
        let (page, position) = token.position.quotientAndRemainder(dividingBy: KeyValuePages.positionsPerPage)
        kernels.store(
            keys: buffers.keys, values: buffers.values, row: row, into: keyValues, layer: layer,
            page: Int(sequences.pages(of: token.sequence)[page]), position: position)
    }
}

// MARK: - Attention

extension Transformer {
    // SAFETY: the pool lends a participant its own work space for the time of the call.

    /// One key-value head and one span of tokens. Neighbouring chunks share the head: a participant's caches keep it
    /// from one pass to the next.
    private func attend(_ chunk: Int, _ workspace: ParticipantWorkspaces.Pointer) {
        let (head, index) = chunk.quotientAndRemainder(dividingBy: pass.spans.count)
        let span = pass.spans[index]
        kernels.attend(
            queries: buffers.queries, rows: span.rows, firstPosition: span.firstPosition, heads: head..<head + 1,
            over: keyValues, layer: pass.layer, pageTable: sequences.pages(of: span.sequence),
            into: buffers.attended.values, workspace: workspace.pointee.attention)
    }
}

// MARK: - Phases over weights

extension Transformer {
    // SAFETY: the pool lends a participant its own work space for the time of the call.

    private func performOnWeights(
        _ phase: TransformerPhase, _ chunk: Int, _ workspace: ParticipantWorkspaces.Pointer
    ) {
        var chunk = chunk
        // Of a layer only what a chunk needs is loaded: a copy of all of it would count references, on cache lines that
        // every participant writes then.
        let index = pass.layer
        switch phase {
        case .attentionProjections:
            _ =
                project(weights.layers[index].query, buffers.normalized, buffers.queries, &chunk, workspace)
                || project(weights.layers[index].key, buffers.normalized, buffers.keys, &chunk, workspace)
                || project(weights.layers[index].value, buffers.normalized, buffers.values, &chunk, workspace)
        case .attentionOutput:
            _ = project(
                weights.layers[index].attentionOutput, buffers.attended, buffers.update, &chunk, workspace)
        case .gateAndUp:
            _ =
                project(weights.layers[index].gate, buffers.normalized, buffers.gate, &chunk, workspace)
                || project(weights.layers[index].up, buffers.normalized, buffers.up, &chunk, workspace)
        case .down: _ = project(weights.layers[index].down, buffers.gated, buffers.update, &chunk, workspace)
        case .head:
            _ = multiply(weights.outputHead, [], buffers.headNormalized, buffers.logits, &chunk, workspace)
        default: preconditionFailure("not a phase over weights")
        }
    }

    private func project(
        _ projection: TransformerWeights.Projection, _ input: borrowing Activations, _ output: borrowing Matrix,
        _ chunk: inout Int, _ workspace: ParticipantWorkspaces.Pointer
    ) -> Bool {
        multiply(projection.weights, projection.bias, input, output, &chunk, workspace)
    }

    /// output = input * weights^T + bias, for the rows of chunk `chunk`.
    ///
    /// False when the weights have fewer chunks; `chunk` then counts from their end.
    private func multiply(
        _ weights: TensorView, _ bias: [Float], _ input: borrowing Activations, _ output: borrowing Matrix,
        _ chunk: inout Int, _ workspace: ParticipantWorkspaces.Pointer
    ) -> Bool {
        let count = chunkCount(rows: weights.rows)
        guard chunk < count else {
            chunk -= count
            return false
        }
        let start = chunk * pass.current.rowsPerChunk
        kernels.multiply(
            weights, bias: bias, rows: start..<min(start + pass.current.rowsPerChunk, weights.rows), by: input,
            into: output, workspace: workspace.pointee.multiply)
        return true
    }
}
