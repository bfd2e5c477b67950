import CIntrinsics

extension Portable {
    /// Takes the outliers out, quantizes the rest, and puts the outliers back.
    static func quantizeRow(
        _ values: UnsafeMutablePointer<Float>, _ blockCount: Int, _: UnsafeMutablePointer<Float>,
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
    private static func quantizeBlock(_ values: UnsafePointer<Float>, _ target: ActivationBlock) {
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
    private static func roundToNearestEven(_ value: Float) -> Int32 {
        // Adding 1.5 * 2^23 leaves no fraction bits: the addition itself rounds to the nearest integer, ties to even.
        let shifter: Float = 12_582_912
        return Int32(bitPattern: (value + shifter).bitPattern &- shifter.bitPattern)
    }
}
