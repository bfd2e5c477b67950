import TensorAVX2
import TensorAVX512

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
        let (codes, scales, minimums) = (workspace.panel.base, workspace.scales.base, workspace.minimums.base)
        if instructionSet == .avx512 {
            switch type {
            case .q4_0: return decodePanelQ4_0AVX512(source, blockCount, codes, scales, minimums)
            case .q4_1: return decodePanelQ4_1AVX512(source, blockCount, codes, scales, minimums)
            case .q8_0: return decodePanelQ8_0AVX512(source, blockCount, codes, scales, minimums)
            case .f32, .f16, .bf16, .q5_0, .q5_1, .q4_K, .q5_K, .q6_K: break
            }
        }
        switch type {
        case .f32, .f16, .bf16: preconditionFailure("floating-point tensors have no codes")
        case .q4_0: decodePanelQ4_0(source, blockCount, codes, scales, minimums)
        case .q4_1: decodePanelQ4_1(source, blockCount, codes, scales, minimums)
        case .q5_0: decodePanelQ5_0(source, blockCount, codes, scales, minimums)
        case .q5_1: decodePanelQ5_1(source, blockCount, codes, scales, minimums)
        case .q8_0: decodePanelQ8_0(source, blockCount, codes, scales, minimums)
        case .q4_K: decodePanelQ4_K(source, blockCount, codes, scales, minimums)
        case .q5_K: decodePanelQ5_K(source, blockCount, codes, scales, minimums)
        case .q6_K: decodePanelQ6_K(source, blockCount, codes, scales, minimums)
        }
    }

    /// The same for rows that lie by themselves: each is decoded, then they are interleaved.
    private func interleaveRows(
        _ weights: TensorView, _ firstRow: Int, _ column: Int, _ count: Int, _ workspace: borrowing MultiplyWorkspace
    ) {
        let type = weights.type
        // SAFETY: lanes past the last row hold codes of an earlier panel; their results are masked off.
        for lane in 0..<min(Limits.panelRows, weights.rows - firstRow) {
            let decoded = AffineCodes(
                codes: workspace.codes.base + lane * Limits.decodedColumnsMax,
                scales: workspace.scales.base + lane, minimums: workspace.minimums.base + lane,
                groupStride: Limits.panelRows)
            let source = weights.row(firstRow + lane) + column / type.elementsPerBlock * type.bytesPerBlock
            decode(type, source, blockCount: count / type.elementsPerBlock, decoded)
        }
        if instructionSet == .avx512 {
            return interleavePanel(workspace.codes.base, Limits.decodedColumnsMax, count, workspace.panel.base)
        }
        let (rows, panel) = (UnsafeRawPointer(workspace.codes.base), UnsafeMutableRawPointer(workspace.panel.base))
        for lane in 0..<Limits.panelRows {
            for word in 0..<(count / 4) {
                let codes = rows.load(fromByteOffset: lane * Limits.decodedColumnsMax + word * 4, as: UInt32.self)
                panel.storeBytes(of: codes, toByteOffset: word * 64 + lane * 4, as: UInt32.self)
            }
        }
    }

    /// Decodes `blockCount` blocks of a row of a quantized format.
    private func decode(_ type: TensorType, _ source: UnsafeRawPointer, blockCount: Int, _ decoded: AffineCodes) {
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
}
