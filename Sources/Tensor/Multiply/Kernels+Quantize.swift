import TensorAVX2

extension Kernels {
    /// Brings the 8-bit form of all rows in use up to date with their floats.
    public func quantize(_ activations: inout Activations) {
        let blockCount = activations.values.rows * activations.blocksPerRow
        let values = activations.values.base
        // SAFETY: rows are contiguous in all three arrays, which were sized together.
        switch instructionSet {
        case .portable:
            for block in 0..<blockCount {
                activations.blocks.base[block] = quantizeBlock(values + block * 32, activations.codes.base + block * 32)
            }
        case .avx2, .avx512:
            quantizeBlocksAVX2(values, activations.codes.base, activations.blocks.base, blockCount)
        }
    }

    /// Quantizes 32 floats and returns their scale and sums. A block of zeros gets scale 0.
    private func quantizeBlock(
        _ values: UnsafePointer<Float>, _ codes: UnsafeMutablePointer<Int8>
    ) -> SIMD4<Float> {
        var largest: Float = 0
        for index in 0..<32 { largest = max(largest, values[index].magnitude) }
        let scale = largest / 127
        let inverse = largest > 0 ? 127 / largest : 0
        var sums: (low: Int32, high: Int32) = (0, 0)
        for index in 0..<32 {
            let code = Int8(truncatingIfNeeded: roundToNearestEven(values[index] * inverse))
            codes[index] = code
            if index < 16 { sums.low += Int32(code) } else { sums.high += Int32(code) }
        }
        let (low, high) = (Float(sums.low), Float(sums.high))
        return SIMD4(scale, (low + high) * scale, low * scale, high * scale)
    }

    /// Rounds as the vector conversion instructions do, for magnitudes below 2^22.
    private func roundToNearestEven(_ value: Float) -> Int32 {
        // Adding 1.5 * 2^23 leaves no fraction bits: the addition itself rounds to the nearest integer, ties to even.
        let shifter: Float = 12_582_912
        return Int32(bitPattern: (value + shifter).bitPattern &- shifter.bitPattern)
    }
}
