extension Kernels {
    /// Decodes columns `column..<column + count` of the 16 rows from `firstRow` on into the work space's panel.
    func decodePanel(
        _ weights: TensorView, _ firstRow: Int, _ column: Int, _ count: Int, _ workspace: borrowing MultiplyWorkspace
    ) {
        guard firstRow < weights.panelRows else {
            return interleaveRows(weights, firstRow, column, count, workspace)
        }
        let type = weights.type
        let (source, blockCount) = (weights.panel(firstRow: firstRow, column: column), count / type.elementsPerBlock)
        table[type].decodePanel(
            source, blockCount, workspace.panel.base, workspace.scales.base, workspace.minimums.base)
    }

    /// The same for rows that lie by themselves: each is decoded, then they are interleaved.
    private func interleaveRows(
        _ weights: TensorView, _ firstRow: Int, _ column: Int, _ count: Int, _ workspace: borrowing MultiplyWorkspace
    ) {
        let type = weights.type
        // SAFETY: lanes past the last row hold codes of an earlier panel; their results are masked off.
        for lane in 0..<min(Limits.panelRows, weights.rows - firstRow) {
            let source = weights.row(firstRow + lane) + column / type.elementsPerBlock * type.bytesPerBlock
            table[type].decodeRow(
                source, count / type.elementsPerBlock, workspace.codes.base + lane * Limits.decodedColumnsMax,
                workspace.scales.base + lane, workspace.minimums.base + lane, Limits.panelRows)
        }
        table.interleavePanel(workspace.codes.base, Limits.decodedColumnsMax, count, workspace.panel.base)
    }
}
