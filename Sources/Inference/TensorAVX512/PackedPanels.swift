import CIntrinsics

// Panels as they lie in memory times one token or few: memory bandwidth is the limit, and unpacking ahead of use would
// double the traffic. The layout is that of `PanelPacking` in module Tensor.

extension AVX512 {
    /// Q4_0: 256 bytes of nibbles, 16 scales; zero point 8.
    @export(interface)
    public static func multiplyPanelQ4_0(_ panel: UnsafeRawPointer, _ product: panel_product) {
        switch product.tile_width {
        case 1: multiplyQ4(panel, product, hasMinimums: false, width: 1)
        case 2: multiplyQ4(panel, product, hasMinimums: false, width: 2)
        case 4: multiplyQ4(panel, product, hasMinimums: false, width: 4)
        default: multiplyQ4(panel, product, hasMinimums: false, width: 8)
        }
        addOutliers(product, zeroPoint: 8) { nibbles(panel, 288, $0) }
    }

    /// Q4_1: 256 bytes of nibbles, 16 scales, 16 minimums.
    @export(interface)
    public static func multiplyPanelQ4_1(_ panel: UnsafeRawPointer, _ product: panel_product) {
        switch product.tile_width {
        case 1: multiplyQ4(panel, product, hasMinimums: true, width: 1)
        case 2: multiplyQ4(panel, product, hasMinimums: true, width: 2)
        case 4: multiplyQ4(panel, product, hasMinimums: true, width: 4)
        default: multiplyQ4(panel, product, hasMinimums: true, width: 8)
        }
        addOutliers(product, zeroPoint: 0) { nibbles(panel, 320, $0) }
    }

    /// Q8_0: 512 signed bytes, 16 scales.
    @export(interface)
    public static func multiplyPanelQ8_0(_ panel: UnsafeRawPointer, _ product: panel_product) {
        switch product.tile_width {
        case 1: multiplyQ8(panel, product, width: 1)
        case 2: multiplyQ8(panel, product, width: 2)
        case 4: multiplyQ8(panel, product, width: 4)
        default: multiplyQ8(panel, product, width: 8)
        }
        addOutliers(product, zeroPoint: 128) { column in
            let block = panel + (column >> 5) &* 544
            return (unsigned(block + (column >> 2 & 7) &* 64), halves(block + 512))
        }
    }
}

/// Asks for weights ahead of their use, evenly over the passes that a batch's tiles make over a run: else the first
/// pass waits for memory, and the others leave it idle.
struct Prefetcher {
    private var next: UnsafeRawPointer
    private let bytesPerBlock: Int
    private let linesPerBlock: Int
    /// How far ahead a single pass asks: several ask for the run after theirs.
    private static let distance = 8192

    /// - Parameter blockByteCount: bytes of weights that a 32-column block of a panel takes.
    @inline(__always)
    init(_ panel: UnsafeRawPointer, _ product: panel_product, width: Int, blockByteCount: Int) {
        let passes = max(1, (Int(product.token_count) &+ width &- 1) / width)
        next = panel + (passes == 1 ? Self.distance : Int(product.block_count) &* blockByteCount)
        bytesPerBlock = blockByteCount / passes
        // No line is left out where their distance is no more than a line.
        linesPerBlock = (bytesPerBlock &+ 63) >> 6
    }

    /// To be called for each block of each pass.
    @inline(__always)
    mutating func advance() {
        for line in 0..<linesPerBlock { prefetch_for_later(next + line &* 64) }
        next += bytesPerBlock
    }
}

@inline(__always)
func lowNibbles(_ bytes: __m512i) -> __m512i {
    _mm512_and_si512(bytes, _mm512_set1_epi8(15))
}

@inline(__always)
func highNibbles(_ bytes: __m512i) -> __m512i {
    _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(15))
}

/// The nibbles of a 32-column block of 16 rows: 64 bytes hold four columns in low nibbles, and four of the second half
/// in high ones.
@_transparent
private func multiplyNibbles(_ tile: inout Tile, _ weights: UnsafeRawPointer, _ activations: UnsafeRawPointer) {
    let (w0, w1) = (_mm512_loadu_si512(weights), _mm512_loadu_si512(weights + 64))
    let (w2, w3) = (_mm512_loadu_si512(weights + 128), _mm512_loadu_si512(weights + 192))
    tile.multiply(lowNibbles(w0), activations, word: 0)
    tile.multiply(lowNibbles(w1), activations, word: 1)
    tile.multiply(lowNibbles(w2), activations, word: 2)
    tile.multiply(lowNibbles(w3), activations, word: 3)
    tile.multiply(highNibbles(w0), activations, word: 4)
    tile.multiply(highNibbles(w1), activations, word: 5)
    tile.multiply(highNibbles(w2), activations, word: 6)
    tile.multiply(highNibbles(w3), activations, word: 7)
}

/// The codes of the four columns around `column` of a panel, and their scales.
@inline(__always)
private func nibbles(_ panel: UnsafeRawPointer, _ blockBytes: Int, _ column: Int) -> (__m512i, __m512) {
    let block = panel + (column >> 5) &* blockBytes
    let bytes = _mm512_loadu_si512(block + (column >> 2 & 3) &* 64)
    let shift = _mm_cvtsi32_si128(Int32(truncatingIfNeeded: (column & 16) >> 2))
    return (lowNibbles(_mm512_srl_epi16(bytes, shift)), halves(block + 256))
}

@_transparent
private func multiplyQ4(_ panel: UnsafeRawPointer, _ product: panel_product, hasMinimums: Bool, width: Int) {
    let blockByteCount = hasMinimums ? 320 : 288
    var prefetcher = Prefetcher(panel, product, width: width, blockByteCount: blockByteCount)
    var (token, activations) = (0, product.tiles!)
    while token < Int(product.token_count) {
        var tile = Tile(product, firstToken: token, width: width)
        var (weights, block) = (panel, activations)
        for _ in 0..<Int(product.block_count) {
            prefetcher.advance()
            if !hasMinimums { tile.begin(block, zeroPointShift: 0) }
            multiplyNibbles(&tile, weights, block)
            tile.finish(halves(weights + 256), block)
            if hasMinimums { tile.addMinimums(halves(weights + 288), block, .whole) }
            weights += blockByteCount
            block += TileBlock.byteCount &* width
        }
        tile.store(product, firstToken: token)
        token &+= width
        activations += Int(product.tile_stride)
    }
}

/// The signed codes of four columns of 16 rows, with 128 added.
@inline(__always)
func unsigned(_ weights: UnsafeRawPointer) -> __m512i {
    _mm512_xor_si512(_mm512_loadu_si512(weights), _mm512_set1_epi8(-128))
}

@_transparent
private func multiplyQ8(_ panel: UnsafeRawPointer, _ product: panel_product, width: Int) {
    var prefetcher = Prefetcher(panel, product, width: width, blockByteCount: 544)
    var (token, activations) = (0, product.tiles!)
    while token < Int(product.token_count) {
        var tile = Tile(product, firstToken: token, width: width)
        var (weights, block) = (panel, activations)
        for _ in 0..<Int(product.block_count) {
            prefetcher.advance()
            tile.begin(block, zeroPointShift: 4)
            for word in 0..<8 { tile.multiply(unsigned(weights + word &* 64), block, word: word) }
            tile.finish(halves(weights + 512), block)
            weights += 544
            block += TileBlock.byteCount &* width
        }
        tile.store(product, firstToken: token)
        token &+= width
        activations += Int(product.tile_stride)
    }
}
