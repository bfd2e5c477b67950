import CIntrinsics
import TensorAVX2
import TensorAVX512

extension Kernels {
    /// Matrix multiplication: `output[token][row] = bias[row] + sum over columns of weights[row][column] *
    /// input[token][column]`.
    ///
    /// Only `rows` of the weights are computed. Workers that share a multiplication take disjoint row ranges (whose
    /// bounds should be multiples of 16, or else parts of panels are computed twice) and write disjoint columns of
    /// `output`, each with a work space of its own. A token's result does not depend on the others of its batch.
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
        } else if instructionSet == .portable {
            multiplyDecodedRows(weights, rows, input, output, workspace)
        } else {
            multiplyPanels(weights, rows, input, output, workspace)
        }
        guard !bias.isEmpty else { return }
        for token in 0..<output.rows {
            for row in rows { output.row(token)[row] += bias[row] }
        }
    }

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

    /// Quantized weights, sixteen rows at a time, in runs of columns.
    private func multiplyPanels(
        _ weights: TensorView, _ rows: Range<Int>, _ input: borrowing Activations, _ output: borrowing Matrix,
        _ workspace: borrowing MultiplyWorkspace
    ) {
        let multiplyPacked = input.rows <= Limits.packedTokensMax ? packedKernel(weights.type) : nil
        var firstRow = rows.lowerBound / Limits.panelRows * Limits.panelRows
        while firstRow < rows.upperBound {
            let wanted = rows.clamped(to: firstRow..<(firstRow + Limits.panelRows))
            let lanes = UInt16(truncatingIfNeeded: (1 << wanted.count - 1) << (wanted.lowerBound - firstRow))
            var column = 0
            while column < weights.columns {
                let count = min(Limits.decodedColumnsMax, weights.columns - column)
                let product = product(input, output, firstRow, lanes, column / 32, count / 32)
                if let multiplyPacked, firstRow < weights.panelRows {
                    multiplyPacked(weights.panel(firstRow: firstRow, column: column), product)
                } else {
                    decodePanel(weights, firstRow, column, count, workspace)
                    multiplyDecoded(weights.type, workspace, product)
                }
                column += count
            }
            firstRow += Limits.panelRows
        }
    }

    /// SAFETY: rows and columns were checked against those of input and output, whose storage outlives the call.
    private func product(
        _ input: borrowing Activations, _ output: borrowing Matrix, _ firstRow: Int, _ lanes: UInt16,
        _ firstBlock: Int, _ blockCount: Int
    ) -> panel_product {
        let width = input.tileWidth
        return panel_product(
            first_block: Int64(firstBlock), block_count: Int64(blockCount),
            tiles: UnsafeRawPointer(input.tiles.base) + firstBlock * width * Activations.blockBytes,
            tile_stride: Int64(input.tileBytes), tile_width: Int64(width), token_count: Int64(input.rows),
            outliers: UnsafePointer(input.outliers.base), outliers_per_token: Int64(input.outliersPerRow),
            output: output.base + firstRow, output_stride: Int64(output.columns), lanes: lanes,
            accumulates: firstBlock > 0)
    }

    /// A kernel that reads panels of a type as they lie in memory; nil where there is none.
    private func packedKernel(_ type: TensorType) -> ((UnsafeRawPointer, panel_product) -> Void)? {
        guard instructionSet == .avx512 else { return nil }
        switch type {
        case .q4_0: return multiplyPanelQ4_0
        case .q4_1: return multiplyPanelQ4_1
        case .q8_0: return multiplyPanelQ8_0
        case .f32, .f16, .bf16, .q5_0, .q5_1, .q4_K, .q5_K, .q6_K: return nil
        }
    }

    private func multiplyDecoded(
        _ type: TensorType, _ workspace: borrowing MultiplyWorkspace, _ product: panel_product
    ) {
        let (codes, scales, minimums) = (workspace.panel.base, workspace.scales.base, workspace.minimums.base)
        let zeroPoint = type == .q4_0 ? 8 : type == .q8_0 ? 128 : 0
        if instructionSet == .avx512 {
            multiplyDecodedPanel(codes, scales, minimums, type.elementsPerGroup, zeroPoint, product)
        } else {
            let areSmall = type == .q4_0 || type == .q4_1 || type == .q4_K
            multiplyDecodedPanelAVX2(codes, scales, minimums, type.elementsPerGroup, areSmall, product)
        }
    }
}
