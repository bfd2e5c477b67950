// The decoders of every format: rows by way of `AffineCodes`, which defines the formats, and panels row by row.

extension Portable {
    static func decodeQ4_0(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        AffineCodes(codes: codes, scales: scales, minimums: minimums, groupStride: stride)
            .decode(.q4_0, source, blockCount: blockCount)
    }

    static func decodeQ4_1(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        AffineCodes(codes: codes, scales: scales, minimums: minimums, groupStride: stride)
            .decode(.q4_1, source, blockCount: blockCount)
    }

    static func decodeQ5_0(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        AffineCodes(codes: codes, scales: scales, minimums: minimums, groupStride: stride)
            .decode(.q5_0, source, blockCount: blockCount)
    }

    static func decodeQ5_1(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        AffineCodes(codes: codes, scales: scales, minimums: minimums, groupStride: stride)
            .decode(.q5_1, source, blockCount: blockCount)
    }

    static func decodeQ8_0(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        AffineCodes(codes: codes, scales: scales, minimums: minimums, groupStride: stride)
            .decode(.q8_0, source, blockCount: blockCount)
    }

    static func decodeQ4_K(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        AffineCodes(codes: codes, scales: scales, minimums: minimums, groupStride: stride)
            .decode(.q4_K, source, blockCount: blockCount)
    }

    static func decodeQ5_K(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        AffineCodes(codes: codes, scales: scales, minimums: minimums, groupStride: stride)
            .decode(.q5_K, source, blockCount: blockCount)
    }

    static func decodeQ6_K(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>, _ stride: Int
    ) {
        AffineCodes(codes: codes, scales: scales, minimums: minimums, groupStride: stride)
            .decode(.q6_K, source, blockCount: blockCount)
    }

    static func decodePanelQ4_0(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodePanel(.q4_0, panel, blockCount, codes, scales, minimums)
    }

    static func decodePanelQ4_1(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodePanel(.q4_1, panel, blockCount, codes, scales, minimums)
    }

    static func decodePanelQ5_0(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodePanel(.q5_0, panel, blockCount, codes, scales, minimums)
    }

    static func decodePanelQ5_1(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodePanel(.q5_1, panel, blockCount, codes, scales, minimums)
    }

    static func decodePanelQ8_0(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodePanel(.q8_0, panel, blockCount, codes, scales, minimums)
    }

    static func decodePanelQ4_K(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodePanel(.q4_K, panel, blockCount, codes, scales, minimums)
    }

    static func decodePanelQ5_K(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodePanel(.q5_K, panel, blockCount, codes, scales, minimums)
    }

    static func decodePanelQ6_K(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        decodePanel(.q6_K, panel, blockCount, codes, scales, minimums)
    }

    private static func decodePanel(
        _ type: TensorType, _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        guard let panelBlock = type.panelBlock else { return }
        let (columns, groups) = (type.elementsPerBlock, type.elementsPerBlock / type.elementsPerGroup)
        withUnsafeTemporaryAllocation(byteCount: blockBytesMax + blockElementsMax, alignment: 4) { scratch in
            // SAFETY: no format's block has more bytes or elements than the scratch memory has room for.
            let row = scratch.baseAddress!
            let rowCodes = (row + blockBytesMax).bindMemory(to: UInt8.self, capacity: blockElementsMax)
            for block in 0..<blockCount {
                let source = panel + block * type.bytesPerBlock * Limits.panelRows
                let target = UnsafeMutableRawPointer(codes + block * columns * Limits.panelRows)
                for lane in 0..<Limits.panelRows {
                    panelBlock.copyRow(lane, of: source, blockCount: 1, into: row)
                    let group = block * groups * Limits.panelRows + lane
                    AffineCodes(
                        codes: rowCodes, scales: scales + group, minimums: minimums + group,
                        groupStride: Limits.panelRows
                    ).decode(type, row, blockCount: 1)
                    interleaveRow(rowCodes, columns, lane, target)
                }
            }
        }
    }

    static func interleavePanel(
        _ codes: UnsafePointer<UInt8>, _ rowStride: Int, _ columns: Int, _ panel: UnsafeMutablePointer<UInt8>
    ) {
        for lane in 0..<Limits.panelRows { interleaveRow(codes + lane * rowStride, columns, lane, panel) }
    }

    /// Brings the codes of a row to its lane of a panel, four columns at a time.
    private static func interleaveRow(
        _ codes: UnsafePointer<UInt8>, _ columns: Int, _ lane: Int, _ panel: UnsafeMutableRawPointer
    ) {
        for word in 0..<(columns / 4) {
            let four = UnsafeRawPointer(codes).loadUnaligned(fromByteOffset: word * 4, as: UInt32.self)
            panel.storeBytes(of: four, toByteOffset: word * 64 + lane * 4, as: UInt32.self)
        }
    }

    private static let blockBytesMax = TensorType.q6_K.bytesPerBlock
    private static let blockElementsMax = TensorType.q6_K.elementsPerBlock
}
