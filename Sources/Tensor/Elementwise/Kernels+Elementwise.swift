import TensorAVX2

extension Kernels {
    /// Root-mean-square normalisation of every row: `output = input / rms(input) * weight` (Zhang and Sennrich 2019).
    ///
    /// Quantizes the result, which is about to be multiplied.
    public func normalize(
        _ input: borrowing Matrix, weight: [Float], epsilon: Float, into output: inout Activations
    ) {
        precondition(input.columns == output.values.columns && input.columns == weight.count, "widths differ")
        output.values.rows = input.rows
        weight.withUnsafeBufferPointer { weight in
            // SAFETY: the widths agree, and a matrix has at least one column here because the weight is not empty.
            guard let weight = weight.baseAddress else { return }
            for row in 0..<input.rows {
                normalizeRow(input.row(row), weight, epsilon, input.columns, output.values.row(row))
            }
        }
        quantize(&output)
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

    /// `sum += addend`, element by element.
    public func add(_ addend: borrowing Matrix, to sum: inout Matrix) {
        precondition(addend.columns == sum.columns && addend.rows == sum.rows, "shapes differ")
        let (addendBase, sumBase, count) = (addend.base, sum.base, sum.rows * sum.columns)
        guard instructionSet == .portable else { return addFloats(addendBase, sumBase, count) }
        for index in 0..<count { sumBase[index] += addendBase[index] }
    }

    /// The gate of a SwiGLU layer: `output = silu(gate) * up`, where `silu(x) = x / (1 + e^-x)` (Shazeer 2020).
    ///
    /// Quantizes the result, which is about to be multiplied.
    public func gate(_ gate: borrowing Matrix, _ up: borrowing Matrix, into output: inout Activations) {
        precondition(gate.columns == up.columns && gate.columns == output.values.columns, "widths differ")
        precondition(gate.rows == up.rows, "row counts differ")
        output.values.rows = gate.rows
        let count = gate.rows * gate.columns
        let (gateBase, upBase, outputBase) = (gate.base, up.base, output.values.base)
        if instructionSet == .portable {
            for index in 0..<count {
                let x = gateBase[index]
                outputBase[index] = x / (1 + Elementary.exponential(-x)) * upBase[index]
            }
        } else {
            gateFloats(gateBase, upBase, outputBase, count)
        }
        quantize(&output)
    }
}
