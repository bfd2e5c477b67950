import TensorAVX2

extension Kernels {
    /// Brings the 8-bit form of rows up to date with their floats. Workers may share the rows by disjoint ranges.
    public func quantize(_ activations: borrowing Activations, rows: Range<Int>) {
        let blocks = activations.blocksPerRow
        guard blocks > 0, !rows.isEmpty else { return }
        // SAFETY: rows are contiguous in all arrays, which were sized together; the range lies within them.
        precondition(rows.upperBound <= activations.rows, "rows outside the activations")
        let first = rows.lowerBound
        quantizeBlocks(
            activations.values.row(first), activations.codes(ofRow: first), activations.records(ofRow: first),
            count: rows.count * blocks)
        for row in rows { refine(row, activations) }
    }

    /// Chooses the row's blocks with the largest scales and quantizes what rounding left of them.
    private func refine(_ row: Int, _ activations: borrowing Activations) {
        let (records, refined) = (activations.records(ofRow: row), activations.refinedBlocks(ofRow: row))
        let count = min(activations.refinementsPerRow, activations.blocksPerRow)
        selectLargestScales(records, activations.blocksPerRow, into: refined, count: count)
        let (values, codes) = (activations.values.row(row), activations.codes(ofRow: row))
        let refinedCodes = activations.refinedCodes(ofRow: row)
        let refinedRecords = activations.refinedRecords(ofRow: row)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count * 32) { rest in
            // SAFETY: `count` is positive, and the chosen blocks are blocks of the row.
            let rest = rest.baseAddress!
            for index in 0..<count {
                let block = Int(refined[index])
                let scale = records[block][0]
                for element in 0..<32 {
                    let column = block * 32 + element
                    rest[index * 32 + element] = values[column] - scale * Float(codes[column])
                }
            }
            quantizeBlocks(rest, refinedCodes, refinedRecords, count: count)
        }
    }

    /// The indices of the `count` largest scales, ascending; of equal ones the first.
    private func selectLargestScales(
        _ records: UnsafePointer<SIMD4<Float>>, _ blockCount: Int, into chosen: UnsafeMutablePointer<Int32>, count: Int
    ) {
        // The `filled` best so far, in order of block; each further block replaces the worst if it is larger.
        var filled = 0
        for block in 0..<blockCount {
            if filled == count {
                var worst = count - 1
                for index in stride(from: count - 2, through: 0, by: -1)
                where records[Int(chosen[index])][0] < records[Int(chosen[worst])][0] { worst = index }
                guard records[block][0] > records[Int(chosen[worst])][0] else { continue }
                for index in worst..<(count - 1) { chosen[index] = chosen[index + 1] }
                filled -= 1
            }
            chosen[filled] = Int32(truncatingIfNeeded: block)
            filled += 1
        }
    }

    private func quantizeBlocks(
        _ values: UnsafePointer<Float>, _ codes: UnsafeMutablePointer<Int8>,
        _ records: UnsafeMutablePointer<SIMD4<Float>>, count: Int
    ) {
        guard instructionSet == .portable else { return quantizeBlocksAVX2(values, codes, records, count) }
        for block in 0..<count { records[block] = quantizeBlock(values + block * 32, codes + block * 32) }
    }

    /// Quantizes 32 floats and returns their record. A block of zeros gets scale 0.
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
