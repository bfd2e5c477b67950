import CIntrinsics

extension Kernels {
    /// Brings the 8-bit form of rows up to date with their floats. Workers may share the rows by disjoint ranges.
    public func quantize(_ activations: borrowing Activations, rows: Range<Int>) {
        let (blocks, width) = (activations.blocksPerRow, activations.tileWidth)
        guard blocks > 0, !rows.isEmpty else { return }
        // SAFETY: all arrays were sized together; the range lies within the rows in use.
        precondition(rows.lowerBound >= 0 && rows.upperBound <= activations.rows, "rows outside the activations")
        for row in rows {
            let (values, outliers) = (activations.values.row(row), activations.outliers(ofRow: row))
            let magnitudes = activations.magnitudes.base + row * blocks
            table.quantizeRow(
                values, blocks, magnitudes, outliers, activations.outliersPerRow, activations.tileRow(row), width)
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
}
