import CIntrinsics

extension Kernels {
    // SAFETY: rows and columns were checked against weights, input and output.

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
        if weights.type.isQuantized {
            multiplyPanels(weights, rows, input, output, workspace)
        } else {
            multiplyFloats(weights, rows, input, output, workspace)
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
                    let partial = table.dot(workspace.floats.base, input.values.row(token) + column, count)
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
        let product = panel_product(input, output)
        var rows = rows
        if input.rows <= Limits.packedTokensMax, let kernel = table[weights.type].multiplyPanel {
            let packed = rows.clamped(to: 0..<max(weights.panelRows, rows.lowerBound))
            multiplyPacked(weights, packed, product, kernel)
            rows = packed.upperBound..<rows.upperBound
        }
        multiplyDecoded(weights, rows, product, workspace)
    }

    /// Few tokens: the weights' way from memory counts, so they are read in one stream.
    private func multiplyPacked(
        _ weights: TensorView, _ rows: Range<Int>, _ product: panel_product, _ kernel: FormatKernels.PanelProduct
    ) {
        for row in stride(from: panelRow(rows.lowerBound), to: rows.upperBound, by: Limits.panelRows) {
            for column in stride(from: 0, to: weights.columns, by: Limits.decodedColumnsMax) {
                let count = min(Limits.decodedColumnsMax, weights.columns - column)
                kernel(weights.panel(firstRow: row, column: column), product.part(rows, row, column, count))
            }
        }
    }

    /// Many tokens, or a format that is always decoded: a run's activations stay in the cache for all panels.
    private func multiplyDecoded(
        _ weights: TensorView, _ rows: Range<Int>, _ product: panel_product, _ workspace: borrowing MultiplyWorkspace
    ) {
        let type = weights.type
        let panel = decoded_panel(
            codes: workspace.panel.base, scales: workspace.scales.base, minimums: workspace.minimums.base,
            elements_per_group: Int64(type.elementsPerGroup), zero_point: Int64(type.zeroPoint),
            code_bits: Int64(type.codeBits))
        for column in stride(from: 0, to: weights.columns, by: Limits.decodedColumnsMax) {
            let count = min(Limits.decodedColumnsMax, weights.columns - column)
            for row in stride(from: panelRow(rows.lowerBound), to: rows.upperBound, by: Limits.panelRows) {
                decodePanel(weights, row, column, count, workspace)
                var part = product.part(rows, row, column, count)
                if row + Limits.panelRows < min(weights.panelRows, rows.upperBound) {
                    part.ahead = weights.panel(firstRow: row + Limits.panelRows, column: column)
                    part.ahead_bytes = Int64(
                        count / type.elementsPerBlock * type.bytesPerBlock * Limits.panelRows)
                }
                table.multiplyDecodedPanel(panel, part)
            }
        }
    }

    /// The first row of the panel that has row `row`.
    private func panelRow(_ row: Int) -> Int { row / Limits.panelRows * Limits.panelRows }

    /// Widens a run of a floating-point format.
    private func widen(
        _ type: TensorType, _ source: UnsafeRawPointer, _ count: Int, _ floats: UnsafeMutablePointer<Float>
    ) {
        if type == .f16 {
            table.widenBinary16(source, count, floats)
        } else {
            widenFloats(type, source, count: count, into: floats)
        }
    }
}

extension panel_product {
    /// The product with all of `input`, for the first panel.
    fileprivate init(_ input: borrowing Activations, _ output: borrowing Matrix) {
        self.init(
            first_block: 0, block_count: Int64(input.blocksPerRow), tiles: UnsafeRawPointer(input.tiles.base),
            tile_stride: Int64(input.tileBytes), tile_width: Int64(input.tileWidth), token_count: Int64(input.rows),
            outliers: UnsafePointer(input.outliers.base), outliers_per_token: Int64(input.outliersPerRow),
            output: output.base, output_stride: Int64(output.columns), lanes: 0xffff, accumulates: false,
            ahead: UnsafeRawPointer(input.tiles.base), ahead_bytes: 0)
    }

    /// Its part for those `rows` that are in the panel of `firstRow`, and for a run of columns.
    ///
    /// SAFETY: rows and columns were checked against those of input and output, whose storage outlives the call.
    fileprivate func part(
        _ rows: Range<Int>, _ firstRow: Int, _ firstColumn: Int, _ columnCount: Int
    ) -> panel_product {
        let wanted = rows.clamped(to: firstRow..<(firstRow + Limits.panelRows))
        let firstBlock = firstColumn / Limits.activationBlockColumns
        var part = self
        part.first_block = Int64(firstBlock)
        part.block_count = Int64(columnCount / Limits.activationBlockColumns)
        part.tiles = tiles + firstBlock * Int(tile_width) * Activations.blockBytes
        part.output = output + firstRow
        part.lanes = UInt16(truncatingIfNeeded: (1 << wanted.count - 1) << (wanted.lowerBound - firstRow))
        part.accumulates = firstColumn > 0
        return part
    }
}
