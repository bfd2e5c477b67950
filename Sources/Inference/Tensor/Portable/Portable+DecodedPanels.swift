import CIntrinsics

extension Portable {
    /// The definition of the product of a panel and quantized activations, one row and token at a time.
    static func multiplyDecodedPanel(_ panel: decoded_panel, _ product: panel_product) {
        let width = Int(product.tile_width)
        for token in 0..<Int(product.token_count) {
            // SAFETY: a tile holds `tile_width` tokens, a word of each side by side.
            let activations = UnsafeMutableRawPointer(
                mutating: product.tiles + token / width * Int(product.tile_stride) + token % width * 4)
            let outliers = product.outliers + token * Int(product.outliers_per_token)
            let output = product.output + token * Int(product.output_stride)
            for lane in 0..<Limits.panelRows where product.lanes >> UInt16(lane) & 1 == 1 {
                let row = PanelRow(panel, lane: lane)
                var total: Float = 0
                for block in 0..<Int(product.block_count) {
                    total += row.dotBlock(block, ActivationBlock(row: activations, block: block, width: width))
                }
                for index in 0..<Int(product.outliers_per_token) {
                    let column = Int(outliers[index].column) - Int(product.first_block) * blockColumns
                    guard column >= 0 && column < Int(product.block_count) * blockColumns else { continue }
                    // The minimum's part is in the block's sum.
                    let scale = row.scale(ofGroup: column / Int(panel.elements_per_group))
                    total += outliers[index].value * (scale * Float(row.code(column)))
                }
                output[lane] = product.accumulates ? output[lane] + total : total
            }
        }
    }

    private static let blockColumns = Limits.activationBlockColumns
}

/// One row of a decoded panel.
///
/// SAFETY: callers ask for columns and groups that the panel has.
private struct PanelRow {
    let codes: UnsafePointer<UInt8>
    let scales: UnsafePointer<Float>
    let minimums: UnsafePointer<Float>
    let elementsPerGroup: Int

    init(_ panel: decoded_panel, lane: Int) {
        codes = panel.codes + lane * 4
        scales = panel.scales + lane
        minimums = panel.minimums + lane
        elementsPerGroup = Int(panel.elements_per_group)
    }

    func code(_ column: Int) -> UInt8 { codes[column / 4 * 64 + column % 4] }

    func scale(ofGroup group: Int) -> Float { scales[group * Limits.panelRows] }

    func minimum(ofGroup group: Int) -> Float { minimums[group * Limits.panelRows] }

    /// The product of 32 columns with as many quantized activations.
    func dotBlock(_ block: Int, _ activations: ActivationBlock) -> Float {
        let words = UnsafeRawPointer(codes) + block * 512
        func dotWord(_ word: Int) -> SIMD4<Int32> {
            let four = words.loadUnaligned(fromByteOffset: word * 64, as: SIMD4<UInt8>.self)
            return SIMD4(truncatingIfNeeded: four) &* SIMD4(truncatingIfNeeded: activations.word(word))
        }
        let low = (dotWord(0) &+ dotWord(1) &+ dotWord(2) &+ dotWord(3)).wrappedSum()
        let high = (dotWord(4) &+ dotWord(5) &+ dotWord(6) &+ dotWord(7)).wrappedSum()
        let (factor, sum, lowSum) = (activations.scale, activations.sum, activations.lowSum)
        if elementsPerGroup == 32 {
            return Float(low + high) * (scale(ofGroup: block) * factor) + minimum(ofGroup: block) * sum
        }
        let (first, second) = (2 * block, 2 * block + 1)
        return Float(low) * (scale(ofGroup: first) * factor) + minimum(ofGroup: first) * lowSum
            + Float(high) * (scale(ofGroup: second) * factor) + minimum(ofGroup: second) * (sum - lowSum)
    }
}
