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

    /// The product of a decoded run of weights with columns `column..<column + count` (multiples of 32) of a row of
    /// quantized activations.
    func dot(
        _ weights: AffineCodes, _ elementsPerGroup: Int, _ input: borrowing Activations, _ row: Int,
        column: Int, count: Int
    ) -> Float {
        let firstBlock = column / 32
        let blockCount = count / 32
        var total = dotBlocks(
            weights, elementsPerGroup, blockCount, input.codes(ofRow: row) + column,
            input.records(ofRow: row) + firstBlock)
        let refined = input.refinedBlocks(ofRow: row)
        for index in 0..<input.refinementsPerRow {
            let block = Int(refined[index]) - firstBlock
            guard block >= 0 && block < blockCount else { continue }
            let firstGroup = block * 32 / elementsPerGroup
            let group = AffineCodes(
                codes: weights.codes + block * 32, scales: weights.scales + firstGroup,
                minimums: weights.minimums + firstGroup, groupStride: 1)
            total += dotBlocks(
                group, elementsPerGroup, 1, input.refinedCodes(ofRow: row) + index * 32,
                input.refinedRecords(ofRow: row) + index)
        }
        return total
    }

    /// The product of decoded weights with as many blocks of 32 quantized activations.
    private func dotBlocks(
        _ weights: AffineCodes, _ elementsPerGroup: Int, _ blockCount: Int,
        _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>
    ) -> Float {
        guard instructionSet != .portable else {
            return dotPortable(weights, elementsPerGroup, blockCount * 32, codes, records)
        }
        let (scales, minimums) = (weights.scales, weights.minimums)
        return elementsPerGroup == 16
            ? dotGroupsOf16(weights.codes, scales, minimums, blockCount, codes, records)
            : dotGroupsOf32(weights.codes, scales, minimums, blockCount, codes, records)
    }

    private func dotPortable(
        _ weights: AffineCodes, _ elementsPerGroup: Int, _ count: Int,
        _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>
    ) -> Float {
        var total: Float = 0
        for group in 0..<(count / elementsPerGroup) {
            let start = group * elementsPerGroup
            var sum: Int32 = 0
            for element in start..<(start + elementsPerGroup) {
                sum &+= Int32(weights.codes[element]) &* Int32(codes[element])
            }
            let record = records[start / 32]
            let blockSum = elementsPerGroup == 32 ? record[1] : record[2 + group % 2]
            total += Float(sum) * (weights.scales[group] * record[0]) + weights.minimums[group] * blockSum
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
