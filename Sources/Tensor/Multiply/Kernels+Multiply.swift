import TensorAVX2
import TensorAVX512

extension Kernels {
    /// Matrix multiplication: `output[token][row] = bias[row] + sum over columns of weights[row][column] *
    /// input[token][column]`.
    ///
    /// Only `rows` of the weights are computed. Workers that share a multiplication take disjoint row ranges (multiples
    /// of 16 suit the kernels best) and write disjoint columns of `output`, each with a work space of its own.
    ///
    /// - Parameters:
    ///   - weights: `[output.columns, input.columns]`, in any supported format.
    ///   - bias: one number a row, or empty for none.
    ///   - input: one token a row; quantized since its floats changed when the weights are.
    ///   - output: as many rows in use as `input`.
    public func multiply(
        _ weights: TensorView, bias: [Float] = [], rows: Range<Int>, by input: borrowing Activations,
        into output: borrowing Matrix, workspace: borrowing MultiplyWorkspace
    ) {
        precondition(weights.columns == input.values.columns, "weights and input differ in columns")
        precondition(weights.rows == output.columns, "weights and output differ in rows")
        precondition(input.values.rows == output.rows, "input and output differ in tokens")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= weights.rows, "rows outside the weights")
        precondition(bias.isEmpty || bias.count == weights.rows, "weights and bias differ in rows")
        if !weights.type.isQuantized {
            multiplyFloats(weights, rows, input, output, workspace)
        } else if instructionSet == .avx512, input.values.rows >= panelTokensMin {
            multiplyPanels(weights, rows, input, output, workspace)
        } else if instructionSet != .avx512 || weights.layout != .rows
                    || !multiplyRowsDirectly(weights, rows, input, output) {
            multiplyDecodedRows(weights, rows, input, output, workspace)
        }
        guard !bias.isEmpty else { return }
        for token in 0..<output.rows {
            for row in rows { output.row(token)[row] += bias[row] }
        }
    }

    /// From this many tokens on, decoding and interleaving 16 rows costs less than the faster kernel saves.
    private var panelTokensMin: Int { 5 }

    /// Floating-point weights: each run of a row is widened once and multiplied by every token.
    private func multiplyFloats(
        _ weights: TensorView, _ rows: Range<Int>, _ input: borrowing Activations, _ output: borrowing Matrix,
        _ workspace: borrowing MultiplyWorkspace
    ) {
        for row in rows {
            let source = weights.row(row)
            var column = 0
            while column < weights.columns {
                let count = min(Limits.decodedColumnsMax, weights.columns - column)
                widen(weights.type, source + column * weights.type.bytesPerBlock, count, workspace.floats.base)
                for token in 0..<input.values.rows {
                    let partial = dot(workspace.floats.base, input.values.row(token) + column, count)
                    let target = output.row(token) + row
                    target.pointee = column == 0 ? partial : target.pointee + partial
                }
                column += count
            }
        }
    }

    /// Quantized weights, the general way: each run of a row is decoded once and multiplied by every token.
    private func multiplyDecodedRows(
        _ weights: TensorView, _ rows: Range<Int>, _ input: borrowing Activations, _ output: borrowing Matrix,
        _ workspace: borrowing MultiplyWorkspace
    ) {
        let type = weights.type
        let decoded = AffineCodes(
            codes: workspace.codes.base, scales: workspace.scales.base, minimums: workspace.minimums.base,
            groupStride: 1)
        for row in rows {
            var column = 0
            while column < weights.columns {
                let count = min(Limits.decodedColumnsMax, weights.columns - column)
                let blockCount = count / type.elementsPerBlock
                let source = weights.blocks(
                    ofRow: row, from: column / type.elementsPerBlock, count: blockCount,
                    scratch: workspace.blocks.base)
                decode(type, source, blockCount: blockCount, decoded)
                for token in 0..<input.values.rows {
                    let partial = dot(decoded, type.elementsPerGroup, input, token, column: column, count: count)
                    let target = output.row(token) + row
                    target.pointee = column == 0 ? partial : target.pointee + partial
                }
                column += count
            }
        }
    }

    /// Few tokens and a format with a kernel that reads it as it lies in the file; false for other formats.
    private func multiplyRowsDirectly(
        _ weights: TensorView, _ rows: Range<Int>, _ input: borrowing Activations, _ output: borrowing Matrix
    ) -> Bool {
        var multiply = multiplyRowsQ4_1
        switch weights.type {
        case .q4_0: multiply = multiplyRowsQ4_0
        case .q4_1: break
        case .q8_0: multiply = multiplyRowsQ8_0
        case .f32, .f16, .bf16, .q5_0, .q5_1, .q4_K, .q5_K, .q6_K: return false
        }
        guard !rows.isEmpty else { return true }
        // SAFETY: the row range was checked; the kernels read whole rows of `columns / 32` blocks.
        let source = weights.row(rows.lowerBound)
        let (blocks, refinements) = (weights.columns / 32, input.refinementsPerRow)
        for token in 0..<input.values.rows {
            let (codes, records) = (input.codes(ofRow: token), input.records(ofRow: token))
            let refined = input.refinedBlocks(ofRow: token)
            let (refinedCodes, refinedRecords) = (input.refinedCodes(ofRow: token), input.refinedRecords(ofRow: token))
            multiply(
                source, rows.count, blocks, codes, records, refinements, refined, refinedCodes, refinedRecords,
                output.row(token) + rows.lowerBound)
        }
        return true
    }

    /// Many tokens: 16 rows at a time are decoded, interleaved, and multiplied by all tokens in tiles of eight.
    private func multiplyPanels(
        _ weights: TensorView, _ rows: Range<Int>, _ input: borrowing Activations, _ output: borrowing Matrix,
        _ workspace: borrowing MultiplyWorkspace
    ) {
        let type = weights.type
        var row = rows.lowerBound
        while row < rows.upperBound {
            let rowCount = min(Limits.panelRows, rows.upperBound - row)
            var column = 0
            while column < weights.columns {
                let count = min(Limits.decodedColumnsMax, weights.columns - column)
                let blockCount = count / type.elementsPerBlock
                for lane in 0..<rowCount {
                    let decoded = AffineCodes(
                        codes: workspace.codes.base + lane * Limits.decodedColumnsMax,
                        scales: workspace.scales.base + lane, minimums: workspace.minimums.base + lane,
                        groupStride: Limits.panelRows)
                    let source = weights.blocks(
                        ofRow: row + lane, from: column / type.elementsPerBlock, count: blockCount,
                        scratch: workspace.blocks.base)
                    decode(type, source, blockCount: blockCount, decoded)
                }
                // SAFETY: lanes past `rowCount` hold an earlier panel's codes; their results are masked off.
                interleavePanel(workspace.codes.base, Limits.decodedColumnsMax, count, workspace.panel.base)
                multiplyPanel(
                    workspace.panel.base, workspace.scales.base, workspace.minimums.base,
                    type.elementsPerGroup, count / 32, input.codes(ofRow: 0) + column,
                    input.records(ofRow: 0) + column / 32, input.blocksPerRow, input.values.rows,
                    output.base + row, output.columns, rowCount, column > 0)
                refinePanel(
                    workspace.panel.base, workspace.scales.base, workspace.minimums.base,
                    type.elementsPerGroup, column / 32, count / 32, input.refinedBlocks.base, input.refinedCodes.base,
                    input.refinedRecords.base, input.refinementsPerRow, input.values.rows,
                    output.base + row, output.columns, rowCount)
                column += count
            }
            row += rowCount
        }
    }
}
