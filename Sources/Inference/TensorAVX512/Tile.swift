import CIntrinsics

// The common part of the kernels: sixteen rows times a tile of tokens.
//
// A lane of a register is a row. Each token has integer sums of the current group and float sums of the row so far;
// its activations are broadcast from memory, four columns at a time. The order of operations of one token does not
// depend on the others, so a token's result is the same, bit for bit, in every batch.
//
// SAFETY: callers pass whole blocks of weights and activations; tails of rows and tokens are masked.

/// Where the fields of a block of a tile begin, in bytes for each token of its width.
enum TileBlock {
    /// Eight words of four codes.
    static let words = 0
    static let scales = 32
    static let sums = 36
    static let lowSums = 40
    static let zeros = 44
    static let byteCount = 48
}

/// One token's sums for sixteen rows.
struct Token {
    // SAFETY: callers pass whole blocks of activations.

    var total: __m512
    var integers = _mm512_setzero_si512()

    @inline(__always)
    init(_ product: panel_product, _ token: Int) {
        // Tokens past the last repeat it, and are not stored.
        let output = product.output + min(token, Int(product.token_count) &- 1) &* Int(product.output_stride)
        total = _mm512_maskz_loadu_ps(product.accumulates ? product.lanes : 0, output)
    }

    @inline(__always)
    func store(_ product: panel_product, _ token: Int) {
        guard token < Int(product.token_count) else { return }
        _mm512_mask_storeu_ps(product.output + token &* Int(product.output_stride), product.lanes, total)
    }

    @inline(__always)
    mutating func multiply(_ weights: __m512i, _ word: UnsafeRawPointer) {
        integers = _mm512_dpbusd_epi32(integers, weights, _mm512_set1_epi32(word.load(as: Int32.self)))
    }

    /// Adds the group's products and clears its sums.
    @inline(__always)
    mutating func finish(_ scales: __m512, _ activationScale: UnsafeRawPointer) {
        let factors = _mm512_mul_ps(scales, broadcast(activationScale))
        total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(integers), factors, total)
        integers = _mm512_setzero_si512()
    }
}

// SAFETY: callers pass whole blocks of activations.
@inline(__always)
func broadcast(_ float: UnsafeRawPointer) -> __m512 {
    _mm512_set1_ps(float.load(as: Float.self))
}

/// Up to eight tokens. `width` (1, 2, 4 or 8) is a constant wherever a tile is made, and what exceeds it is optimised
/// away: the loops over tiles are transparent functions with a call for each width, for mere `@inline(__always)` stops
/// at callers that have grown large.
struct Tile {
    // SAFETY: callers pass whole blocks of activations.

    private var t0, t1, t2, t3, t4, t5, t6, t7: Token
    private let width: Int

    @inline(__always)
    init(_ product: panel_product, firstToken token: Int, width: Int) {
        self.width = width
        t0 = Token(product, token)
        t1 = Token(product, token &+ 1)
        t2 = Token(product, token &+ 2)
        t3 = Token(product, token &+ 3)
        t4 = Token(product, token &+ 4)
        t5 = Token(product, token &+ 5)
        t6 = Token(product, token &+ 6)
        t7 = Token(product, token &+ 7)
    }

    @inline(__always)
    func store(_ product: panel_product, firstToken token: Int) {
        t0.store(product, token)
        if width > 1 { t1.store(product, token &+ 1) }
        if width > 2 {
            t2.store(product, token &+ 2)
            t3.store(product, token &+ 3)
        }
        if width > 4 {
            t4.store(product, token &+ 4)
            t5.store(product, token &+ 5)
            t6.store(product, token &+ 6)
            t7.store(product, token &+ 7)
        }
    }

    /// Starts a group whose zero point is 8 times 2 to the power of `shift`: its share is taken off in advance.
    @inline(__always)
    mutating func begin(_ block: UnsafeRawPointer, zeroPointShift shift: Int) {
        @inline(__always)
        func zero(_ token: Int) -> __m512i {
            let zeros = _mm512_set1_epi32(
                block.load(fromByteOffset: TileBlock.zeros &* width &+ token &* 4, as: Int32.self))
            return shift == 0 ? zeros : _mm512_slli_epi32(zeros, UInt32(truncatingIfNeeded: shift))
        }
        t0.integers = zero(0)
        if width > 1 { t1.integers = zero(1) }
        if width > 2 {
            t2.integers = zero(2)
            t3.integers = zero(3)
        }
        if width > 4 {
            t4.integers = zero(4)
            t5.integers = zero(5)
            t6.integers = zero(6)
            t7.integers = zero(7)
        }
    }

    /// Columns `4 * word` to `4 * word + 3` of the block.
    @inline(__always)
    mutating func multiply(_ weights: __m512i, _ block: UnsafeRawPointer, word: Int) {
        let words = block + word &* 4 &* width
        t0.multiply(weights, words)
        if width > 1 { t1.multiply(weights, words + 4) }
        if width > 2 {
            t2.multiply(weights, words + 8)
            t3.multiply(weights, words + 12)
        }
        if width > 4 {
            t4.multiply(weights, words + 16)
            t5.multiply(weights, words + 20)
            t6.multiply(weights, words + 24)
            t7.multiply(weights, words + 28)
        }
    }

    @inline(__always)
    mutating func finish(_ scales: __m512, _ block: UnsafeRawPointer) {
        let records = block + TileBlock.scales &* width
        t0.finish(scales, records)
        if width > 1 { t1.finish(scales, records + 4) }
        if width > 2 {
            t2.finish(scales, records + 8)
            t3.finish(scales, records + 12)
        }
        if width > 4 {
            t4.finish(scales, records + 16)
            t5.finish(scales, records + 20)
            t6.finish(scales, records + 24)
            t7.finish(scales, records + 28)
        }
    }

    /// Adds minimum times sum of activations.
    ///
    /// - Parameter field: which sum: that of the block, or of its low or high half.
    @inline(__always)
    mutating func addMinimums(_ minimums: __m512, _ block: UnsafeRawPointer, _ sum: Sum) {
        @inline(__always)
        func add(_ token: inout Token, _ index: Int) {
            let sums = block + TileBlock.sums &* width + index &* 4
            let lows = block + TileBlock.lowSums &* width + index &* 4
            let factors =
                switch sum {
                case .whole: broadcast(sums)
                case .low: broadcast(lows)
                case .high: _mm512_set1_ps(sums.load(as: Float.self) - lows.load(as: Float.self))
                }
            token.total = _mm512_fmadd_ps(minimums, factors, token.total)
        }
        add(&t0, 0)
        if width > 1 { add(&t1, 1) }
        if width > 2 {
            add(&t2, 2)
            add(&t3, 3)
        }
        if width > 4 {
            add(&t4, 4)
            add(&t5, 5)
            add(&t6, 6)
            add(&t7, 7)
        }
    }

    enum Sum { case whole, low, high }
}

/// Adds the elements that the activations keep apart.
///
/// - Parameters:
///   - zeroPoint: what is taken off every code.
///   - locate: for a column of the run, the codes of the four columns around it, and the scales.
///
/// SAFETY: callers pass whole blocks of activations.
@inline(__always)
func addOutliers(_ product: panel_product, zeroPoint: Int32, _ locate: (_ column: Int) -> (__m512i, __m512)) {
    let offsets = _mm512_set1_epi32(0 &- zeroPoint)
    let (firstColumn, columnCount) = (Int(product.first_block) &* 32, Int(product.block_count) &* 32)
    var outlier = product.outliers!
    for token in 0..<Int(product.token_count) {
        let output = product.output + token &* Int(product.output_stride)
        var total = _mm512_maskz_loadu_ps(product.lanes, output)
        for _ in 0..<Int(product.outliers_per_token) {
            let column = Int(outlier.pointee.column) &- firstColumn
            if column >= 0 && column < columnCount {
                let (codes, scales) = locate(column)
                let code = _mm512_dpbusd_epi32(offsets, codes, _mm512_set1_epi32(outlier.pointee.selector))
                let factors = _mm512_mul_ps(scales, _mm512_set1_ps(outlier.pointee.value))
                total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(code), factors, total)
            }
            outlier += 1
        }
        _mm512_mask_storeu_ps(output, product.lanes, total)
    }
}

// SAFETY: callers pass whole blocks of activations.
@inline(__always)
func halves(_ source: UnsafeRawPointer) -> __m512 {
    _mm512_cvtph_ps(_mm256_loadu_si256(source.assumingMemoryBound(to: __m256i.self)))
}
