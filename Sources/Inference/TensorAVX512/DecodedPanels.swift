import CIntrinsics

// Decoded panels times many tokens: unpacking is done once, and any format is multiplied by the same loop.

extension AVX512 {
    /// Multiplies a panel of decoded codes.
    @export(interface)
    public static func multiplyDecodedPanel(_ panel: decoded_panel, _ product: panel_product) {
        // A zero point that is not 8 times a power of two that `Tile.begin` shifts by is read as minimums are.
        var zeroPoint: Int32 = 0
        if panel.elements_per_group == 16 {
            multiply(panel, product, groupsOf: 16, zeroPointShift: nil)
        } else if panel.zero_point == 8 {
            zeroPoint = 8
            multiply(panel, product, groupsOf: 32, zeroPointShift: 0)
        } else if panel.zero_point == 128 {
            zeroPoint = 128
            multiply(panel, product, groupsOf: 32, zeroPointShift: 4)
        } else {
            multiply(panel, product, groupsOf: 32, zeroPointShift: nil)
        }
        let groupShift = panel.elements_per_group == 16 ? 4 : 5
        addOutliers(product, zeroPoint: zeroPoint) { column in
            let codes = _mm512_loadu_si512(panel.codes + (column >> 2) &* 64)
            return (codes, _mm512_loadu_ps(panel.scales + (column >> groupShift) &* 16))
        }
    }
}

@_transparent
private func multiply(
    _ panel: decoded_panel, _ product: panel_product, groupsOf elementsPerGroup: Int, zeroPointShift: Int?
) {
    switch product.tile_width {
    case 1: multiplyTiles(panel, product, elementsPerGroup, zeroPointShift, width: 1)
    case 2: multiplyTiles(panel, product, elementsPerGroup, zeroPointShift, width: 2)
    case 4: multiplyTiles(panel, product, elementsPerGroup, zeroPointShift, width: 4)
    default: multiplyTiles(panel, product, elementsPerGroup, zeroPointShift, width: 8)
    }
}

// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@_transparent
private func multiplyTiles(
    _ panel: decoded_panel, _ product: panel_product, _ elementsPerGroup: Int, _ zeroPointShift: Int?, width: Int
) {
    var (token, activations) = (0, product.tiles!)
    let tileCount = (Int(product.token_count) &+ width &- 1) / width
    let step = Int(product.ahead_bytes) / max(tileCount &* Int(product.block_count), 1)
    var ahead = product.ahead!
    while token < Int(product.token_count) {
        var tile = Tile(product, firstToken: token, width: width)
        var (weights, block) = (UnsafeRawPointer(panel.codes!), activations)
        var (scales, minimums) = (panel.scales!, panel.minimums!)
        for _ in 0..<Int(product.block_count) {
            if let zeroPointShift { tile.begin(block, zeroPointShift: zeroPointShift) }
            multiplyWords(&tile, weights, block, 0)
            if elementsPerGroup == 16 {
                tile.finish(_mm512_loadu_ps(scales), block)
                tile.addMinimums(_mm512_loadu_ps(minimums), block, .low)
                scales += 16
                minimums += 16
            }
            multiplyWords(&tile, weights + 256, block, 4)
            tile.finish(_mm512_loadu_ps(scales), block)
            if zeroPointShift == nil {
                tile.addMinimums(_mm512_loadu_ps(minimums), block, elementsPerGroup == 16 ? .high : .whole)
            }
            scales += 16
            minimums += 16
            prefetch_for_later(ahead)
            ahead += step
            weights += 512
            block += TileBlock.byteCount &* width
        }
        tile.store(product, firstToken: token)
        token &+= width
        activations += Int(product.tile_stride)
    }
}

/// Sixteen columns, the words from `firstWord` on.
@_transparent
private func multiplyWords(
    _ tile: inout Tile, _ weights: UnsafeRawPointer, _ block: UnsafeRawPointer, _ firstWord: Int
) {
    tile.multiply(_mm512_loadu_si512(weights), block, word: firstWord)
    tile.multiply(_mm512_loadu_si512(weights + 64), block, word: firstWord &+ 1)
    tile.multiply(_mm512_loadu_si512(weights + 128), block, word: firstWord &+ 2)
    tile.multiply(_mm512_loadu_si512(weights + 192), block, word: firstWord &+ 3)
}
