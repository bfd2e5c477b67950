extension Kernels {
    /// Root-mean-square normalisation of rows: `output = input / rms(input) * weight` (Zhang and Sennrich 2019).
    ///
    /// Quantizes the result, which is about to be multiplied. Workers may share a matrix by disjoint ranges of rows.
    public func normalize(
        _ input: borrowing Matrix, rows: Range<Int>, weight: [Float], epsilon: Float, into output: borrowing Activations
    ) {
        precondition(input.columns == output.values.columns && input.columns == weight.count, "widths differ")
        weight.withUnsafeBufferPointer { weight in
            // SAFETY: the widths agree, and a matrix has at least one column here because the weight is not empty.
            guard let weight = weight.baseAddress else { return }
            for row in rows {
                table.normalizeRow(input.row(row), weight, epsilon, input.columns, output.values.row(row))
            }
        }
        quantize(output, rows: rows)
    }

    /// `sum += addend`, element by element, for a range of rows.
    public func add(_ addend: borrowing Matrix, rows: Range<Int>, to sum: borrowing Matrix) {
        precondition(addend.columns == sum.columns, "widths differ")
        guard !rows.isEmpty else { return }
        // SAFETY: rows are contiguous, and the last of the range is one of both matrices' rows.
        precondition(rows.upperBound <= min(addend.rows, sum.rows), "rows outside the matrices")
        table.add(addend.row(rows.lowerBound), sum.row(rows.lowerBound), rows.count * sum.columns)
    }

    /// The gate of a SwiGLU layer: `output = silu(gate) * up`, where `silu(x) = x / (1 + e^-x)` (Shazeer 2020).
    ///
    /// Quantizes the result, which is about to be multiplied. Workers may share a matrix by disjoint ranges of rows.
    public func gate(
        _ gate: borrowing Matrix, _ up: borrowing Matrix, rows: Range<Int>, into output: borrowing Activations
    ) {
        precondition(gate.columns == up.columns && gate.columns == output.values.columns, "widths differ")
        guard !rows.isEmpty else { return }
        // SAFETY: rows are contiguous, and the last of the range is one of all three matrices' rows.
        precondition(rows.upperBound <= min(gate.rows, up.rows, output.rows), "rows outside the matrices")
        let (gateBase, upBase) = (gate.row(rows.lowerBound), up.row(rows.lowerBound))
        table.gate(gateBase, upBase, output.values.row(rows.lowerBound), rows.count * gate.columns)
        quantize(output, rows: rows)
    }
}
