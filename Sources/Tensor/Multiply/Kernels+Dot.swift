import TensorAVX2

extension Kernels {
    /// Decodes `blockCount` blocks of a quantized format.
    func decode(_ type: TensorType, _ source: UnsafeRawPointer, blockCount: Int, _ decoded: AffineCodes) {
        guard instructionSet != .portable else {
            return decoded.decode(type, source, blockCount: blockCount)
        }
        let (codes, scales, minimums) = (decoded.codes, decoded.scales, decoded.minimums)
        let stride = decoded.groupStride
        switch type {
        case .f32, .f16, .bf16: preconditionFailure("floating-point tensors have no codes")
        case .q4_0: decodeQ4_0(source, blockCount, codes, scales, minimums, stride)
        case .q4_1: decodeQ4_1(source, blockCount, codes, scales, minimums, stride)
        case .q5_0: decodeQ5_0(source, blockCount, codes, scales, minimums, stride)
        case .q5_1: decodeQ5_1(source, blockCount, codes, scales, minimums, stride)
        case .q8_0: decodeQ8_0(source, blockCount, codes, scales, minimums, stride)
        case .q4_K: decodeQ4_K(source, blockCount, codes, scales, minimums, stride)
        case .q5_K: decodeQ5_K(source, blockCount, codes, scales, minimums, stride)
        case .q6_K: decodeQ6_K(source, blockCount, codes, scales, minimums, stride)
        }
    }

    /// The product of a decoded run of weights with a run of quantized activations; `count` is a multiple of 32.
    func dot(
        _ weights: AffineCodes, elementsPerGroup: Int, count: Int,
        _ codes: UnsafePointer<Int8>, _ blocks: UnsafePointer<SIMD4<Float>>
    ) -> Float {
        switch instructionSet {
        case .portable:
            return dotPortable(weights, elementsPerGroup, count, codes, blocks)
        case .avx2, .avx512:
            let (scales, minimums) = (weights.scales, weights.minimums)
            return elementsPerGroup == 16
                ? dotGroupsOf16(weights.codes, scales, minimums, count / 32, codes, blocks)
                : dotGroupsOf32(weights.codes, scales, minimums, count / 32, codes, blocks)
        }
    }

    private func dotPortable(
        _ weights: AffineCodes, _ elementsPerGroup: Int, _ count: Int,
        _ codes: UnsafePointer<Int8>, _ blocks: UnsafePointer<SIMD4<Float>>
    ) -> Float {
        var total: Float = 0
        for group in 0..<(count / elementsPerGroup) {
            let start = group * elementsPerGroup
            var sum: Int32 = 0
            for element in start..<(start + elementsPerGroup) {
                sum &+= Int32(weights.codes[element]) &* Int32(codes[element])
            }
            let block = blocks[start / 32]
            let blockSum = elementsPerGroup == 32 ? block[1] : block[2 + group % 2]
            total += Float(sum) * (weights.scales[group] * block[0]) + weights.minimums[group] * blockSum
        }
        return total
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
