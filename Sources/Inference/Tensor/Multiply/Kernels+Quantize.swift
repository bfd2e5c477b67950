import CIntrinsics
import TensorAVX2

extension Kernels {
    /// Brings the 8-bit form of rows up to date with their floats. Workers may share the rows by disjoint ranges.
    public func quantize(_ activations: borrowing Activations, rows: Range<Int>) {
        let (blocks, width) = (activations.blocksPerRow, activations.tileWidth)
        guard blocks > 0, !rows.isEmpty else { return }
        // SAFETY: all arrays were sized together; the range lies within the rows in use.
        precondition(rows.lowerBound >= 0 && rows.upperBound <= activations.rows, "rows outside the activations")
        for row in rows {
            let (values, outliers) = (activations.values.row(row), activations.outliers(ofRow: row))
            let target = activations.tileRow(row)
            if instructionSet == .portable {
                quantizeRow(values, blocks, outliers, activations.outliersPerRow, target, width)
            } else {
                let magnitudes = activations.magnitudes.base + row * blocks
                quantizeRowAVX2(values, blocks, magnitudes, outliers, activations.outliersPerRow, target, width)
            }
        }
        guard rows.upperBound == activations.rows else { return }
        // Kernels compute whole tiles: what lies beyond the last row must be numbers that cost nothing.
        for row in activations.rows..<((activations.rows + width - 1) / width * width) {
            clear(activations.tileRow(row), blocks, width)
        }
    }

    private func clear(_ row: UnsafeMutableRawPointer, _ blocks: Int, _ width: Int) {
        for block in 0..<blocks {
            let base = row + block * width * Activations.blockBytes
            for word in 0..<(Activations.blockBytes / 4) {
                base.storeBytes(of: 0, toByteOffset: word * 4 * width, as: UInt32.self)
            }
        }
    }

    /// Takes the outliers out, quantizes the rest, and puts the outliers back.
    private func quantizeRow(
        _ values: UnsafeMutablePointer<Float>, _ blockCount: Int,
        _ outliers: UnsafeMutablePointer<activation_outlier>, _ outlierCount: Int,
        _ target: UnsafeMutableRawPointer, _ width: Int
    ) {
        for index in 0..<outlierCount {
            var (largest, column) = (Float(0), 0)
            for candidate in 0..<(blockCount * 32) where values[candidate].magnitude > largest {
                (largest, column) = (values[candidate].magnitude, candidate)
            }
            outliers[index] = activation_outlier(
                value: values[column], column: Int32(column), selector: 1 << (Int32(column % 4) * 8))
            values[column] = 0
        }
        for block in 0..<blockCount {
            quantizeBlock(values + block * 32, ActivationBlock(row: target, block: block, width: width))
        }
        // In reverse: where there are fewer elements than outliers, later ones name an earlier one's column.
        for index in (0..<outlierCount).reversed() {
            let (value, column) = (outliers[index].value, Int(outliers[index].column))
            let block = ActivationBlock(row: target, block: column / 32, width: width)
            values[column] = value
            block.sum += value
            if column % 32 < 16 { block.lowSum += value }
        }
    }

    /// A block of zeros gets scale 0.
    private func quantizeBlock(_ values: UnsafePointer<Float>, _ target: ActivationBlock) {
        var largest: Float = 0
        for index in 0..<32 { largest = max(largest, values[index].magnitude) }
        let scale = largest / 127
        let inverse = largest > 0 ? 127 / largest : 0
        var sums: (low: Int32, high: Int32) = (0, 0)
        for index in 0..<32 {
            let code = Int8(truncatingIfNeeded: roundToNearestEven(values[index] * inverse))
            target.setCode(code, column: index)
            if index < 16 { sums.low += Int32(code) } else { sums.high += Int32(code) }
        }
        target.scale = scale
        target.sum = Float(sums.low + sums.high) * scale
        target.lowSum = Float(sums.low) * scale
        target.setCodeSum(sums.low + sums.high)
    }

    /// Rounds as the vector conversion instructions do, for magnitudes below 2^22.
    private func roundToNearestEven(_ value: Float) -> Int32 {
        // Adding 1.5 * 2^23 leaves no fraction bits: the addition itself rounds to the nearest integer, ties to even.
        let shifter: Float = 12_582_912
        return Int32(bitPattern: (value + shifter).bitPattern &- shifter.bitPattern)
    }
}
