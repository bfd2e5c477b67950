import TensorAVX2

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
                normalizeRow(input.row(row), weight, epsilon, input.columns, output.values.row(row))
            }
        }
        quantize(output, rows: rows)
    }

    private func normalizeRow(
        _ input: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epsilon: Float, _ count: Int,
        _ output: UnsafeMutablePointer<Float>
    ) {
        guard instructionSet == .portable else {
            return TensorAVX2.normalizeRow(input, weight, epsilon, count, output)
        }
        let factor = 1 / (dot(input, input, count) / Float(count) + epsilon).squareRoot()
        for index in 0..<count { output[index] = input[index] * factor * weight[index] }
    }

    /// `sum += addend`, element by element, for a range of rows.
    public func add(_ addend: borrowing Matrix, rows: Range<Int>, to sum: borrowing Matrix) {
        precondition(addend.columns == sum.columns, "widths differ")
        guard !rows.isEmpty else { return }
        // SAFETY: rows are contiguous, and the last of the range is one of both matrices' rows.
        precondition(rows.upperBound <= min(addend.rows, sum.rows), "rows outside the matrices")
        let (addendBase, sumBase) = (addend.row(rows.lowerBound), sum.row(rows.lowerBound))
        let count = rows.count * sum.columns
        guard instructionSet == .portable else { return addFloats(addendBase, sumBase, count) }
        for index in 0..<count { sumBase[index] += addendBase[index] }
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
        let count = rows.count * gate.columns
        let (gateBase, upBase) = (gate.row(rows.lowerBound), up.row(rows.lowerBound))
        let outputBase = output.values.row(rows.lowerBound)
        if instructionSet == .portable {
            for index in 0..<count {
                let x = gateBase[index]
                outputBase[index] = x / (1 + Elementary.exponential(-x)) * upBase[index]
            }
        } else {
            gateFloats(gateBase, upBase, outputBase, count)
        }
        quantize(output, rows: rows)
    }
}
