import CIntrinsics

// Rows of weights as they lie in a GGUF file, times one token's quantized activations: the decode path, where memory
// bandwidth is the limit and unpacking ahead of use would double the traffic.
//
// Four blocks (128 columns) a step. One register holds the four blocks' low codes (lane b: the first 16 elements of block
// b), one the high codes, and the activations are brought to the same order. Of the 16 products that VNNI leaves, lane b's
// four belong to block b. Scale times activation scale sits in element 0 of lane b, minimum times activation sum in
// element 1: the activations' block records (scale, sum, ...) are exactly one lane each.
//
// SAFETY: callers pass whole rows of `blockCount` blocks and as many activation blocks; tails are read under masks.

/// Activations of four neighbouring blocks in the order described above.
private struct Activations {
    let low: __m512i
    let high: __m512i
    let records: __m512

    @inline(__always)
    init(_ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>, _ block: Int, _ count: Int) {
        let source = UnsafeRawPointer(codes + block &* 32)
        let blockRecords = UnsafeRawPointer(records + block)
        if count >= 4 {
            let first = _mm512_loadu_si512(source)
            let second = _mm512_loadu_si512(source + 64)
            low = even_lanes(first, second)
            high = odd_lanes(first, second)
            self.records = _mm512_loadu_ps(blockRecords)
        } else {
            let quadwords = (UInt32(1) &<< UInt32(truncatingIfNeeded: count &* 4)) &- 1
            let first = _mm512_maskz_loadu_epi64(UInt8(truncatingIfNeeded: quadwords), source)
            let second = _mm512_maskz_loadu_epi64(UInt8(truncatingIfNeeded: quadwords >> 8), source + 64)
            low = even_lanes(first, second)
            high = odd_lanes(first, second)
            let floats = UInt16(truncatingIfNeeded: quadwords)
            self.records = _mm512_maskz_loadu_ps(floats, blockRecords)
        }
    }
}

/// One row's running sums.
private struct RowSum {
    /// Scaled products.
    var products = _mm512_setzero_ps()
    /// In element 1 of each lane: minimum times activation sum. The other elements are of no use.
    var minimums = _mm512_setzero_ps()

    @inline(__always)
    mutating func add(low: __m512i, high: __m512i, scalesAndMinimums: __m512, _ activations: Activations) {
        let partial = _mm512_dpbusd_epi32(_mm512_setzero_si512(), low, activations.low)
        let integers = _mm512_dpbusd_epi32(partial, high, activations.high)
        let factors = _mm512_mul_ps(scalesAndMinimums, activations.records)
        products = _mm512_fmadd_ps(_mm512_cvtepi32_ps(integers), repeat_first_of_lanes(factors), products)
        minimums = _mm512_add_ps(minimums, factors)
    }

    @inline(__always)
    var total: Float {
        _mm512_reduce_add_ps(_mm512_mask_add_ps(products, 0x2222, products, minimums))
    }
}

@inline(__always)
private func lowNibbles(_ bytes: __m512i) -> __m512i {
    _mm512_and_si512(bytes, _mm512_set1_epi8(15))
}

@inline(__always)
private func highNibbles(_ bytes: __m512i) -> __m512i {
    _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(15))
}

/// Four Q4_1 blocks (20 bytes each: scale, minimum, nibbles) lie in 20 words of 32 bits: words 0, 5, 10, 15 are the
/// scales and minimums, the four words after each the nibbles.
@inline(__always)
private func addQ4_1(_ row: inout RowSum, _ bytes: UnsafeRawPointer, _ count: Int, _ activations: Activations) {
    let first: __m512i
    let second: __m512i
    if count >= 4 {
        first = _mm512_loadu_si512(bytes)
        second = _mm512_loadu_si512(bytes + 16)
    } else {
        // Up to 15 words: `second`, the same words from word 4 on, is needed only for the fourth block.
        first = _mm512_maskz_loadu_epi32(UInt16(truncatingIfNeeded: 1 &<< (count &* 5) &- 1), bytes)
        second = _mm512_setzero_si512()
    }
    // Word indices, from the last element to the first as `set` takes them; 16 and up are words of `second`.
    let nibbleWords = _mm512_set_epi32(31, 30, 29, 28, 14, 13, 12, 11, 9, 8, 7, 6, 4, 3, 2, 1)
    let nibbles = _mm512_permutex2var_epi32(first, nibbleWords, second)
    let scaleWordOfLane = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 10, 0, 5, 0, 0)
    let scaleWords = _mm512_castsi512_si256(_mm512_maskz_permutexvar_epi32(0x55, scaleWordOfLane, first))
    row.add(
        low: lowNibbles(nibbles), high: highNibbles(nibbles), scalesAndMinimums: _mm512_cvtph_ps(scaleWords),
        activations)
}

@export(interface)
public func multiplyRowsQ4_1(
    _ weights: UnsafeRawPointer, _ rowCount: Int, _ blockCount: Int,
    _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>, _ output: UnsafeMutablePointer<Float>
) {
    let rowBytes = blockCount &* 20
    var row = 0
    while row &+ 2 <= rowCount {
        let source = weights + row &* rowBytes
        var (first, second) = (RowSum(), RowSum())
        var block = 0
        while block < blockCount {
            let count = blockCount &- block
            let activations = Activations(codes, records, block, count)
            addQ4_1(&first, source + block &* 20, count, activations)
            addQ4_1(&second, source + (rowBytes &+ block &* 20), count, activations)
            block &+= 4
        }
        output[row] = first.total
        output[row &+ 1] = second.total
        row &+= 2
    }
    if row < rowCount {
        var sum = RowSum()
        var block = 0
        while block < blockCount {
            let count = blockCount &- block
            addQ4_1(&sum, weights + (row &* rowBytes &+ block &* 20), count, Activations(codes, records, block, count))
            block &+= 4
        }
        output[row] = sum.total
    }
}

/// The binary16 at `offset` as the low half of a 32-bit word.
@inline(__always)
private func scaleWord(_ bytes: UnsafeRawPointer, _ offset: Int) -> Int32 {
    Int32(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
}

@inline(__always)
private func lane(_ bytes: UnsafeRawPointer, _ offset: Int) -> __m128i {
    _mm_loadu_si128((bytes + offset).assumingMemoryBound(to: __m128i.self))
}

/// Q4_0 blocks (18 bytes: scale, nibbles). The minimum is -8 times the scale.
@inline(__always)
private func addQ4_0(_ row: inout RowSum, _ bytes: UnsafeRawPointer, _ count: Int, _ activations: Activations) {
    let zero = _mm_setzero_si128()
    let (has1, has2, has3) = (count > 1, count > 2, count > 3)
    let lowHalf = _mm256_set_m128i(has1 ? lane(bytes, 20) : zero, lane(bytes, 2))
    let highHalf = _mm256_set_m128i(has3 ? lane(bytes, 56) : zero, has2 ? lane(bytes, 38) : zero)
    let nibbles = join_halves(lowHalf, highHalf)
    let words = _mm256_setr_epi32(
        scaleWord(bytes, 0), 0, has1 ? scaleWord(bytes, 18) : 0, 0,
        has2 ? scaleWord(bytes, 36) : 0, 0, has3 ? scaleWord(bytes, 54) : 0, 0)
    let scales = repeat_first_of_lanes(_mm512_cvtph_ps(words))
    let withMinimums = _mm512_mask_mul_ps(scales, 0x2222, scales, _mm512_set1_ps(-8))
    row.add(low: lowNibbles(nibbles), high: highNibbles(nibbles), scalesAndMinimums: withMinimums, activations)
}

@export(interface)
public func multiplyRowsQ4_0(
    _ weights: UnsafeRawPointer, _ rowCount: Int, _ blockCount: Int,
    _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>, _ output: UnsafeMutablePointer<Float>
) {
    for row in 0..<rowCount {
        let source = weights + row &* blockCount &* 18
        var sum = RowSum()
        var block = 0
        while block &+ 4 <= blockCount {
            addQ4_0(&sum, source + block &* 18, 4, Activations(codes, records, block, 4))
            block &+= 4
        }
        if block < blockCount {
            let count = blockCount &- block
            addQ4_0(&sum, source + block &* 18, count, Activations(codes, records, block, count))
        }
        output[row] = sum.total
    }
}
