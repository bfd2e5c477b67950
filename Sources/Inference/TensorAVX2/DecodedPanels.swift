import CIntrinsics

// Decoded panels times a batch of tokens: eight rows, half a panel, times up to four tokens at a time. A lane of a
// register is a row; activations are broadcast from memory, four columns at a time.
//
// SAFETY: callers pass whole blocks of weights and activations; tails of rows and tokens are masked.

extension AVX2 {
    /// Multiplies a panel of decoded codes.
    @export(interface)
    public static func multiplyDecodedPanel(_ panel: decoded_panel, _ product: panel_product) {
        let groupsPerBlock = 32 / Int(panel.elements_per_group)
        let weights = Weights(
            codes: panel.codes, scales: panel.scales, minimums: panel.minimums, groupsPerBlock: groupsPerBlock,
            areSmall: panel.code_bits <= 4 && groupsPerBlock == 1)
        if weights.areSmall {
            multiplyTiles(weights, product, groupsPerBlock: 1, areSmall: true)
        } else {
            multiplyTiles(weights, product, groupsPerBlock: groupsPerBlock, areSmall: false)
        }
        addOutliers(weights, product)
    }
}

/// Where the fields of a block of a tile of activations begin, in bytes for each token of its width: eight words of
/// four codes, the scale, the sum of the block and of its first half (see `Activations` in module Tensor).
private enum TileBlock {
    static let scales = 32
    static let sums = 36
    static let lowSums = 40
    static let byteCount = 48
}

/// One token's sums for eight rows.
private struct Token {
    // SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.

    var total: __m256
    /// 32-bit sums, or 16-bit ones where codes are small.
    var integers = _mm256_setzero_si256()

    @inline(__always)
    init(_ product: panel_product, _ token: Int, _ firstRow: Int) {
        let isLoaded = product.accumulates && token < Int(product.token_count)
        let output = product.output + (token &* Int(product.output_stride) &+ firstRow)
        total = isLoaded ? _mm256_maskload_ps(output, wantedRows(product, firstRow)) : _mm256_setzero_ps()
    }

    @inline(__always)
    func store(_ product: panel_product, _ token: Int, _ firstRow: Int) {
        guard token < Int(product.token_count) else { return }
        let output = product.output + (token &* Int(product.output_stride) &+ firstRow)
        _mm256_maskstore_ps(output, wantedRows(product, firstRow), total)
    }

    /// Products of four codes below 16: eight words of a block add up to less than 2^15.
    @inline(__always)
    mutating func multiplySmall(_ codes: __m256i, _ word: UnsafeRawPointer) {
        let activations = _mm256_set1_epi32(word.load(as: Int32.self))
        integers = _mm256_add_epi16(integers, _mm256_maddubs_epi16(codes, activations))
    }

    /// Products of four signed codes, exact for all values: |w| * (a with w's sign).
    @inline(__always)
    mutating func multiply(_ signed: __m256i, _ magnitudes: __m256i, _ word: UnsafeRawPointer) {
        let activations = _mm256_sign_epi8(_mm256_set1_epi32(word.load(as: Int32.self)), signed)
        let pairs = _mm256_maddubs_epi16(magnitudes, activations)
        integers = _mm256_add_epi32(integers, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }

    @inline(__always)
    mutating func finish(_ scales: __m256, _ minimums: __m256, scale: UnsafeRawPointer, sum: Float, areSmall: Bool) {
        let words = areSmall ? _mm256_madd_epi16(integers, _mm256_set1_epi16(1)) : integers
        let factors = _mm256_mul_ps(scales, _mm256_set1_ps(scale.load(as: Float.self)))
        total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(words), factors, total)
        total = _mm256_fmadd_ps(minimums, _mm256_set1_ps(sum), total)
        integers = _mm256_setzero_si256()
    }
}

/// The lanes of eight rows whose results are wanted.
@inline(__always)
private func wantedRows(_ product: panel_product, _ firstRow: Int) -> __m256i {
    let bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128)
    let wanted = _mm256_set1_epi32(Int32(product.lanes) >> Int32(truncatingIfNeeded: firstRow))
    return _mm256_cmpeq_epi32(_mm256_and_si256(wanted, bits), bits)
}

/// What a tile is multiplied by, and how.
private struct Weights {
    let codes: UnsafeRawPointer
    let scales: UnsafePointer<Float>
    let minimums: UnsafePointer<Float>
    let groupsPerBlock: Int
    /// Codes are below 16, and taken as they are; else they are taken as signed, 128 less.
    let areSmall: Bool
}

@inline(__always)
private func multiplyTiles(_ weights: Weights, _ product: panel_product, groupsPerBlock: Int, areSmall: Bool) {
    guard var tiles = product.tiles else { return }
    let width = Int(product.tile_width)
    var token = 0
    while token < Int(product.token_count) {
        for row in 0..<2 {
            // Words of a tile's second four tokens are 16 bytes on, and so are their scales and sums.
            for offset in 0..<max(width / 4, 1) {
                let (first, source) = (token &+ offset &* 4, tiles + offset &* 16)
                let tile = Four(
                    weights: weights, firstRow: row &* 8, width: width, groupsPerBlock: groupsPerBlock,
                    areSmall: areSmall)
                switch width {
                case 1: tile.multiply(product, first, source, count: 1)
                case 2: tile.multiply(product, first, source, count: 2)
                default: tile.multiply(product, first, source, count: 4)
                }
            }
        }
        token &+= width
        tiles += Int(product.tile_stride)
    }
}

/// Up to four tokens times eight rows.
private struct Four {
    // SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.

    let weights: Weights
    let firstRow: Int
    let width: Int
    let groupsPerBlock: Int
    let areSmall: Bool

    @inline(__always)
    func multiply(_ product: panel_product, _ token: Int, _ tile: UnsafeRawPointer, count: Int) {
        var t0 = Token(product, token, firstRow)
        var t1 = Token(product, token &+ 1, firstRow)
        var t2 = Token(product, token &+ 2, firstRow)
        var t3 = Token(product, token &+ 3, firstRow)
        var (source, block) = (weights.codes + firstRow &* 4, tile)
        var group = firstRow
        for _ in 0..<Int(product.block_count) {
            var words = block
            for part in 0..<groupsPerBlock {
                for _ in 0..<(8 / groupsPerBlock) {
                    let codes = _mm256_loadu_si256(source.assumingMemoryBound(to: __m256i.self))
                    multiplyWord(codes, words, &t0, &t1, &t2, &t3, count)
                    source += 64
                    words += width &* 4
                }
                finish(group, block, part, &t0, &t1, &t2, &t3, count)
                group &+= 16
            }
            block += TileBlock.byteCount &* width
        }
        t0.store(product, token, firstRow)
        if count > 1 { t1.store(product, token &+ 1, firstRow) }
        if count > 2 {
            t2.store(product, token &+ 2, firstRow)
            t3.store(product, token &+ 3, firstRow)
        }
    }

    @inline(__always)
    private func multiplyWord(
        _ codes: __m256i, _ words: UnsafeRawPointer,
        _ t0: inout Token, _ t1: inout Token, _ t2: inout Token, _ t3: inout Token, _ count: Int
    ) {
        if areSmall {
            t0.multiplySmall(codes, words)
            if count > 1 { t1.multiplySmall(codes, words + 4) }
            if count > 2 {
                t2.multiplySmall(codes, words + 8)
                t3.multiplySmall(codes, words + 12)
            }
            return
        }
        let signed = _mm256_xor_si256(codes, _mm256_set1_epi8(-128))
        let magnitudes = _mm256_abs_epi8(signed)
        t0.multiply(signed, magnitudes, words)
        if count > 1 { t1.multiply(signed, magnitudes, words + 4) }
        if count > 2 {
            t2.multiply(signed, magnitudes, words + 8)
            t3.multiply(signed, magnitudes, words + 12)
        }
    }

    @inline(__always)
    private func finish(
        _ group: Int, _ block: UnsafeRawPointer, _ part: Int,
        _ t0: inout Token, _ t1: inout Token, _ t2: inout Token, _ t3: inout Token, _ count: Int
    ) {
        let scales = _mm256_loadu_ps(weights.scales + group)
        var minimums = _mm256_loadu_ps(weights.minimums + group)
        if !areSmall { minimums = _mm256_fmadd_ps(scales, _mm256_set1_ps(128), minimums) }
        @inline(__always)
        func finish(_ token: inout Token, _ index: Int) {
            let sum = (block + (TileBlock.sums &* width &+ index &* 4)).load(as: Float.self)
            let low = (block + (TileBlock.lowSums &* width &+ index &* 4)).load(as: Float.self)
            token.finish(
                scales, minimums, scale: block + (TileBlock.scales &* width &+ index &* 4),
                sum: groupsPerBlock == 1 ? sum : part == 0 ? low : sum - low, areSmall: areSmall)
        }
        finish(&t0, 0)
        if count > 1 { finish(&t1, 1) }
        if count > 2 {
            finish(&t2, 2)
            finish(&t3, 3)
        }
    }
}

/// Adds the elements that the activations keep apart.
///
/// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
private func addOutliers(_ weights: Weights, _ product: panel_product) {
    let zeroPoint: Float = weights.areSmall ? 0 : 128
    for token in 0..<Int(product.token_count) {
        let output = product.output + token &* Int(product.output_stride)
        for index in 0..<Int(product.outliers_per_token) {
            let outlier = product.outliers[token &* Int(product.outliers_per_token) &+ index]
            let block = Int(outlier.column) >> 5 &- Int(product.first_block)
            guard block >= 0 && block < Int(product.block_count) else { continue }
            let column = Int(outlier.column) & 31
            let word = weights.codes + (block &* 512 &+ column >> 2 &* 64)
            let shift = _mm_cvtsi32_si128(Int32(truncatingIfNeeded: (column & 3) &* 8))
            let group = (block &* weights.groupsPerBlock &+ (column &* weights.groupsPerBlock) >> 5) &* 16
            for row in [0, 8] {
                let rows = wantedRows(product, row)
                let bytes = _mm256_loadu_si256((word + row &* 4).assumingMemoryBound(to: __m256i.self))
                let codes = _mm256_and_si256(_mm256_srl_epi32(bytes, shift), _mm256_set1_epi32(255))
                let values = _mm256_sub_ps(_mm256_cvtepi32_ps(codes), _mm256_set1_ps(zeroPoint))
                let scales = _mm256_loadu_ps(weights.scales + (group &+ row))
                let factors = _mm256_mul_ps(scales, _mm256_set1_ps(outlier.value))
                let total = _mm256_fmadd_ps(values, factors, _mm256_maskload_ps(output + row, rows))
                _mm256_maskstore_ps(output + row, rows, total)
            }
        }
    }
}
