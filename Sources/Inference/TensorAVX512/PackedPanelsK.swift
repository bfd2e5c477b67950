import CIntrinsics

// Panels of GGML's 256-element formats as they lie in memory, as in PackedPanels.swift. A block is eight runs of 32
// columns; `group` counts them, or half of them where 16 columns share a scale.

extension AVX512 {
    /// Q4_K: three words of scales, 32 of nibbles (eight of two groups each), two factors.
    @export(interface)
    public static func multiplyPanelQ4_K(_ panel: UnsafeRawPointer, _ product: panel_product) {
        switch product.tile_width {
        case 1: multiplyQ4K(panel, product, width: 1)
        case 2: multiplyQ4K(panel, product, width: 2)
        case 4: multiplyQ4K(panel, product, width: 4)
        default: multiplyQ4K(panel, product, width: 8)
        }
        addOutliers(product, zeroPoint: 0) { column in
            let (block, group) = (panel + (column >> 8) &* 2304, column >> 5 & 7)
            let bytes = _mm512_loadu_si512(block + (192 &+ (group >> 1 &* 8 &+ column >> 2 & 7) &* 64))
            let shift = _mm_cvtsi32_si128(Int32(truncatingIfNeeded: (group & 1) &* 4))
            return (
                lowNibbles(_mm512_srl_epi16(bytes, shift)), SixBitGroups(block, factors: block + 2240).scales(group)
            )
        }
    }

    /// Q6_K: 32 words of nibbles, 16 of upper bits, four of scales, one factor.
    @export(interface)
    public static func multiplyPanelQ6_K(_ panel: UnsafeRawPointer, _ product: panel_product) {
        switch product.tile_width {
        case 1: multiplyQ6K(panel, product, width: 1)
        case 2: multiplyQ6K(panel, product, width: 2)
        case 4: multiplyQ6K(panel, product, width: 4)
        default: multiplyQ6K(panel, product, width: 8)
        }
        addOutliers(product, zeroPoint: 0) { column in
            let block = panel + (column >> 8) &* 3360
            return (sixBitCodes(block, column >> 5 & 7, column >> 2 & 7), signedScales(block, column >> 4 & 15))
        }
    }
}

/// The six-bit scales and minimums of a Q4_K block: three words a row, and two factors.
private struct SixBitGroups {
    private let scaleOfScales: __m512
    private let scaleOfMinimums: __m512
    private let lowScales, highScales, lowMinimums, highMinimums: __m512i

    @inline(__always)
    init(_ words: UnsafeRawPointer, factors: UnsafeRawPointer) {
        scaleOfScales = halves(factors)
        scaleOfMinimums = _mm512_sub_ps(_mm512_setzero_ps(), halves(factors + 32))
        let (first, second) = (_mm512_loadu_si512(words), _mm512_loadu_si512(words + 64))
        let third = _mm512_loadu_si512(words + 128)
        let (lower6, lower4) = (_mm512_set1_epi32(0x3f3f_3f3f), _mm512_set1_epi32(0x0f0f_0f0f))
        @inline(__always)
        func upper2(_ word: __m512i) -> __m512i {
            _mm512_slli_epi32(_mm512_and_si512(_mm512_srli_epi32(word, 6), _mm512_set1_epi32(0x0303_0303)), 4)
        }
        lowScales = _mm512_and_si512(first, lower6)
        lowMinimums = _mm512_and_si512(second, lower6)
        highScales = _mm512_or_si512(_mm512_and_si512(third, lower4), upper2(first))
        highMinimums = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi32(third, 4), lower4), upper2(second))
    }

    @inline(__always)
    func scales(_ group: Int) -> __m512 {
        _mm512_mul_ps(scaleOfScales, byte(group < 4 ? lowScales : highScales, group & 3))
    }

    @inline(__always)
    func minimums(_ group: Int) -> __m512 {
        _mm512_mul_ps(scaleOfMinimums, byte(group < 4 ? lowMinimums : highMinimums, group & 3))
    }

    @inline(__always)
    private func byte(_ words: __m512i, _ index: Int) -> __m512 {
        let shift = _mm_cvtsi32_si128(Int32(truncatingIfNeeded: index &* 8))
        let bytes = _mm512_and_si512(_mm512_srl_epi32(words, shift), _mm512_set1_epi32(255))
        return _mm512_cvtepi32_ps(bytes)
    }
}

@_transparent
private func multiplyQ4K(_ panel: UnsafeRawPointer, _ product: panel_product, width: Int) {
    var prefetcher = Prefetcher(panel, product, width: width, blockByteCount: 288)
    var (token, activations) = (0, product.tiles!)
    while token < Int(product.token_count) {
        var tile = Tile(product, firstToken: token, width: width)
        var (weights, block) = (panel, activations)
        for _ in 0..<(Int(product.block_count) >> 3) {
            let groups = SixBitGroups(weights, factors: weights + 2240)
            for group in 0..<8 {
                prefetcher.advance()
                let nibbles = weights + (192 &+ group >> 1 &* 512)
                for word in 0..<8 {
                    let bytes = _mm512_loadu_si512(nibbles + word &* 64)
                    tile.multiply(group & 1 == 0 ? lowNibbles(bytes) : highNibbles(bytes), block, word: word)
                }
                tile.finish(groups.scales(group), block)
                tile.addMinimums(groups.minimums(group), block, .whole)
                block += TileBlock.byteCount &* width
            }
            weights += 2304
        }
        tile.store(product, firstToken: token)
        token &+= width
        activations += Int(product.tile_stride)
    }
}

/// The codes of four columns of a Q6_K block: word `word` (0...7) of run `run` (0...7).
@inline(__always)
private func sixBitCodes(_ block: UnsafeRawPointer, _ run: Int, _ word: Int) -> __m512i {
    let (half, quarter) = (run >> 2, run & 3)
    let bytes = _mm512_loadu_si512(block + (half &* 16 &+ (quarter & 1) &* 8 &+ word) &* 64)
    let pairs = _mm512_loadu_si512(block + (32 &+ half &* 8 &+ word) &* 64)
    let shift = _mm_cvtsi32_si128(Int32(truncatingIfNeeded: quarter &* 2))
    let upper = _mm512_and_si512(_mm512_srl_epi16(pairs, shift), _mm512_set1_epi8(3))
    let lower = quarter < 2 ? lowNibbles(bytes) : highNibbles(bytes)
    return _mm512_or_si512(lower, _mm512_slli_epi16(upper, 4))
}

/// The scales of group `group` (0...15) of a Q6_K block: a signed byte a row times the row's factor.
@inline(__always)
private func signedScales(_ block: UnsafeRawPointer, _ group: Int) -> __m512 {
    let words = _mm512_loadu_si512(block + (3072 &+ group >> 2 &* 64))
    let up = _mm_cvtsi32_si128(Int32(truncatingIfNeeded: 24 &- (group & 3) &* 8))
    let signed = _mm512_srai_epi32(_mm512_sll_epi32(words, up), 24)
    return _mm512_mul_ps(halves(block + 3328), _mm512_cvtepi32_ps(signed))
}

@_transparent
private func multiplyQ6K(_ panel: UnsafeRawPointer, _ product: panel_product, width: Int) {
    let zeroPoint = _mm512_set1_ps(-32)
    var prefetcher = Prefetcher(panel, product, width: width, blockByteCount: 420)
    var (token, activations) = (0, product.tiles!)
    while token < Int(product.token_count) {
        var tile = Tile(product, firstToken: token, width: width)
        var (weights, block) = (panel, activations)
        for _ in 0..<(Int(product.block_count) >> 3) {
            for run in 0..<8 {
                prefetcher.advance()
                for word in 0..<4 { tile.multiply(sixBitCodes(weights, run, word), block, word: word) }
                let low = signedScales(weights, run &* 2)
                tile.finish(low, block)
                tile.addMinimums(_mm512_mul_ps(low, zeroPoint), block, .low)
                for word in 4..<8 { tile.multiply(sixBitCodes(weights, run, word), block, word: word) }
                let high = signedScales(weights, run &* 2 &+ 1)
                tile.finish(high, block)
                tile.addMinimums(_mm512_mul_ps(high, zeroPoint), block, .high)
                block += TileBlock.byteCount &* width
            }
            weights += 3360
        }
        tile.store(product, firstToken: token)
        token &+= width
        activations += Int(product.tile_stride)
    }
}
