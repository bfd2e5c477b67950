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
        let (firstBlock, blockCount) = (column / 32, count / 32)
        let (codes, records) = (input.codes(ofRow: row) + column, input.records(ofRow: row) + firstBlock)
        let refined = input.refinedBlocks(ofRow: row)
        let (refinedCodes, refinedRecords) = (input.refinedCodes(ofRow: row), input.refinedRecords(ofRow: row))
        guard instructionSet == .portable else {
            let dot = elementsPerGroup == 16 ? dotGroupsOf16 : dotGroupsOf32
            return dot(
                weights.codes, weights.scales, weights.minimums, firstBlock, blockCount, codes, records,
                input.refinementsPerRow, refined, refinedCodes, refinedRecords)
        }
        var total: Float = 0
        for block in 0..<blockCount {
            total += dotBlock(weights, elementsPerGroup, block, codes + block * 32, records[block])
        }
        for index in 0..<input.refinementsPerRow {
            let block = Int(refined[index]) - firstBlock
            guard block >= 0 && block < blockCount else { continue }
            total += dotBlock(weights, elementsPerGroup, block, refinedCodes + index * 32, refinedRecords[index])
        }
        return total
    }

    /// The product of block `block` of decoded weights with 32 quantized activations.
    private func dotBlock(
        _ weights: AffineCodes, _ elementsPerGroup: Int, _ block: Int,
        _ codes: UnsafePointer<Int8>, _ record: SIMD4<Float>
    ) -> Float {
        let weightCodes = weights.codes + block * 32
        let low = Kernels.dot16(weightCodes, codes)
        let high = Kernels.dot16(weightCodes + 16, codes + 16)
        if elementsPerGroup == 32 {
            return Float(low + high) * (weights.scales[block] * record[0]) + weights.minimums[block] * record[1]
        }
        let (first, second) = (2 * block, 2 * block + 1)
        return Float(low) * (weights.scales[first] * record[0]) + weights.minimums[first] * record[2]
            + Float(high) * (weights.scales[second] * record[0]) + weights.minimums[second] * record[3]
    }

    @inline(__always)
    private static func dot16(_ codes: UnsafePointer<UInt8>, _ activations: UnsafePointer<Int8>) -> Int32 {
        var sum: Int32 = 0
        for index in 0..<16 { sum &+= Int32(codes[index]) &* Int32(activations[index]) }
        return sum
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
