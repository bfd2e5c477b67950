extension TensorView {
    /// Writes row `index` as floats: the reference values of every format, also used for embedding look-ups.
    ///
    /// - Parameter destination: room for `columns` floats.
    public func dequantizeRow(_ index: Int, into destination: inout MutableSpan<Float>) {
        precondition(destination.count >= columns, "destination shorter than a row")
        destination.withUnsafeMutableBufferPointer { buffer in
            // SAFETY: the precondition holds, so the buffer is not empty and has room for the row.
            dequantize(row: index, into: buffer.baseAddress!)
        }
    }

    private func dequantize(row index: Int, into destination: UnsafeMutablePointer<Float>) {
        guard type.isQuantized else {
            return widenFloats(type, row(index), count: columns, into: destination)
        }
        withUnsafeTemporaryAllocation(byteCount: type.bytesPerBlock, alignment: 4) { scratch in
            for block in 0..<(columns / type.elementsPerBlock) {
                // SAFETY: a block has bytes, and `scratch` has room for one.
                let source = blocks(ofRow: index, from: block, count: 1, scratch: scratch.baseAddress!)
                dequantizeBlock(source, into: destination + block * type.elementsPerBlock)
            }
        }
    }

    private func dequantizeBlock(_ source: UnsafeRawPointer, into destination: UnsafeMutablePointer<Float>) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 32) { groups in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { codes in
                // SAFETY: the largest block has 256 elements in 16 groups.
                let decoded = AffineCodes(
                    codes: codes.baseAddress!, scales: groups.baseAddress!, minimums: groups.baseAddress! + 16,
                    groupStride: 1)
                decoded.decode(type, source, blockCount: 1)
                for element in 0..<type.elementsPerBlock {
                    let group = element / type.elementsPerGroup
                    destination[element] =
                        decoded.scales[group] * Float(decoded.codes[element])
                        + decoded.minimums[group]
                }
            }
        }
    }
}

/// Widens `count` elements of a floating-point format.
///
/// SAFETY: callers pass `count` elements of the format and room for as many floats.
func widenFloats(
    _ type: TensorType, _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>
) {
    switch type {
    case .f32:
        for index in 0..<count { destination[index] = source.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
    case .f16:
        for index in 0..<count { destination[index] = source.float16(at: index * 2) }
    case .bf16:
        for index in 0..<count {
            let bits = source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
            destination[index] = HalfPrecision.float(fromBrain16: bits)
        }
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q5_K, .q6_K:
        preconditionFailure("quantized tensors are decoded, not widened")
    }
}
