import TensorAVX2

extension Kernels {
    /// The definition of the product of quantized weights and activations, row by row: each run of a row is decoded
    /// once and multiplied by every token.
    func multiplyDecodedRows(
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
                decoded.decode(type, source, blockCount: blockCount)
                for token in 0..<input.values.rows {
                    let partial = dot(decoded, type.elementsPerGroup, input, token, column: column, count: count)
                    let target = output.row(token) + row
                    target.pointee = column == 0 ? partial : target.pointee + partial
                }
                column += count
            }
        }
    }

    /// The product of a decoded run of weights with columns `column..<column + count` (multiples of 32) of a row of
    /// quantized activations.
    private func dot(
        _ weights: AffineCodes, _ elementsPerGroup: Int, _ input: borrowing Activations, _ row: Int,
        column: Int, count: Int
    ) -> Float {
        var total: Float = 0
        for block in 0..<(count / 32) {
            let activations = ActivationBlock(
                row: input.tileRow(row), block: column / 32 + block, width: input.tileWidth)
            total += dotBlock(weights, elementsPerGroup, block, activations)
        }
        for index in 0..<input.outliersPerRow {
            let outlier = input.outliers(ofRow: row)[index]
            let offset = Int(outlier.column) - column
            guard offset >= 0 && offset < count else { continue }
            // The minimum's part is in the block's sum.
            total += outlier.value * (weights.scales[offset / elementsPerGroup] * Float(weights.codes[offset]))
        }
        return total
    }

    /// The product of block `block` of decoded weights with 32 quantized activations.
    private func dotBlock(
        _ weights: AffineCodes, _ elementsPerGroup: Int, _ block: Int, _ activations: ActivationBlock
    ) -> Float {
        let codes = weights.codes + block * 32
        var (low, high): (Int32, Int32) = (0, 0)
        for index in 0..<16 {
            low += Int32(codes[index]) * Int32(activations.code(index))
            high += Int32(codes[16 + index]) * Int32(activations.code(16 + index))
        }
        let (scale, sum, lowSum) = (activations.scale, activations.sum, activations.lowSum)
        if elementsPerGroup == 32 {
            return Float(low + high) * (weights.scales[block] * scale) + weights.minimums[block] * sum
        }
        let (first, second) = (2 * block, 2 * block + 1)
        return Float(low) * (weights.scales[first] * scale) + weights.minimums[first] * lowSum
            + Float(high) * (weights.scales[second] * scale) + weights.minimums[second] * (sum - lowSum)
    }

    /// The product of two runs of floats.
    func dot(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) -> Float {
        guard instructionSet == .portable else { return dotFloats(left, right, count) }
        var total: Float = 0
        for index in 0..<count { total += left[index] * right[index] }
        return total
    }

    /// Widens a run of a floating-point format.
    func widen(_ type: TensorType, _ source: UnsafeRawPointer, _ count: Int, _ floats: UnsafeMutablePointer<Float>) {
        if instructionSet != .portable, type == .f16 {
            widenBinary16(source, count, floats)
        } else {
            widenFloats(type, source, count: count, into: floats)
        }
    }
}
