import CIntrinsics

// Rows of weights as they lie in a GGUF file, times one token's quantized activations: the decode path, where memory
// bandwidth is the limit and unpacking ahead of use would double the traffic.
//
// Four blocks (128 columns) a step. One register holds the four blocks' low codes (lane b: the first 16 elements of
// block b), one the high codes, and the activations are brought to the same order. Of the 16 products that VNNI leaves,
// lane b's four belong to block b. Scale times activation scale sits in element 0 of lane b, minimum times activation
// sum in element 1: the activations' block records (scale, sum, ...) are exactly one lane each.
//
// Refined blocks (see `Activations` in module Tensor) take one more step for each four: their activations are
// contiguous, only the weights are fetched block by block.
//
// SAFETY: callers pass whole rows of `blockCount` blocks and as many activation blocks; tails are read under masks.

/// How far ahead of their use weights are asked for, in bytes. Rows are a few hundred bytes long and read in pairs, a
/// pattern that the hardware's own prefetching follows at a third of memory speed.
let prefetchDistance = 4096

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

/// Four Q4_1 blocks from anywhere in the row.
@inline(__always)
private func addScatteredQ4_1(
    _ row: inout RowSum, _ source: UnsafeRawPointer, _ blocks: UnsafePointer<Int32>, _ activations: Activations
) {
    let (b0, b1) = (source + Int(blocks[0]) &* 20, source + Int(blocks[1]) &* 20)
    let (b2, b3) = (source + Int(blocks[2]) &* 20, source + Int(blocks[3]) &* 20)
    let nibbles = join_halves(
        _mm256_set_m128i(lane(b1, 4), lane(b0, 4)), _mm256_set_m128i(lane(b3, 4), lane(b2, 4)))
    let words = _mm256_setr_epi32(
        b0.loadUnaligned(as: Int32.self), 0, b1.loadUnaligned(as: Int32.self), 0,
        b2.loadUnaligned(as: Int32.self), 0, b3.loadUnaligned(as: Int32.self), 0)
    row.add(
        low: lowNibbles(nibbles), high: highNibbles(nibbles), scalesAndMinimums: _mm512_cvtph_ps(words), activations)
}

@export(interface)
public func multiplyRowsQ4_1(
    _ weights: UnsafeRawPointer, _ rowCount: Int, _ blockCount: Int,
    _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>,
    _ refinementCount: Int, _ refinedBlocks: UnsafePointer<Int32>,
    _ refinedCodes: UnsafePointer<Int8>, _ refinedRecords: UnsafePointer<SIMD4<Float>>,
    _ output: UnsafeMutablePointer<Float>
) {
    let rowBytes = blockCount &* 20
    var row = 0
    while row < rowCount {
        // Two rows at a time share the activations' way into registers; an odd last row is computed twice.
        let next = min(row &+ 1, rowCount &- 1)
        let (firstSource, secondSource) = (weights + row &* rowBytes, weights + next &* rowBytes)
        var (first, second) = (RowSum(), RowSum())
        var block = 0
        while block < blockCount {
            let count = blockCount &- block
            let activations = Activations(codes, records, block, count)
            prefetch(firstSource + (prefetchDistance &+ block &* 20))
            prefetch(secondSource + (prefetchDistance &+ block &* 20))
            addQ4_1(&first, firstSource + block &* 20, count, activations)
            addQ4_1(&second, secondSource + block &* 20, count, activations)
            block &+= 4
        }
        var index = 0
        while index < refinementCount {
            let activations = Activations(refinedCodes, refinedRecords, index, 4)
            addScatteredQ4_1(&first, firstSource, refinedBlocks + index, activations)
            addScatteredQ4_1(&second, secondSource, refinedBlocks + index, activations)
            index &+= 4
        }
        output[row] = first.total
        output[next] = second.total
        row &+= 2
    }
}

@inline(__always)
private func lane(_ bytes: UnsafeRawPointer, _ offset: Int) -> __m128i {
    _mm_loadu_si128((bytes + offset).assumingMemoryBound(to: __m128i.self))
}

/// The binary16 scale of a block as the low half of a 32-bit word.
@inline(__always)
private func scaleWord(_ block: UnsafeRawPointer) -> Int32 {
    Int32(block.loadUnaligned(as: UInt16.self))
}

/// Four Q4_0 blocks (18 bytes: scale, nibbles) from anywhere. The minimum is -8 times the scale.
@inline(__always)
private func addQ4_0(
    _ row: inout RowSum, _ b0: UnsafeRawPointer, _ b1: UnsafeRawPointer, _ b2: UnsafeRawPointer, _ b3: UnsafeRawPointer,
    _ activations: Activations
) {
    let nibbles = join_halves(
        _mm256_set_m128i(lane(b1, 2), lane(b0, 2)), _mm256_set_m128i(lane(b3, 2), lane(b2, 2)))
    let words = _mm256_setr_epi32(scaleWord(b0), 0, scaleWord(b1), 0, scaleWord(b2), 0, scaleWord(b3), 0)
    let scales = repeat_first_of_lanes(_mm512_cvtph_ps(words))
    let withMinimums = _mm512_mask_mul_ps(scales, 0x2222, scales, _mm512_set1_ps(-8))
    row.add(low: lowNibbles(nibbles), high: highNibbles(nibbles), scalesAndMinimums: withMinimums, activations)
}

@export(interface)
public func multiplyRowsQ4_0(
    _ weights: UnsafeRawPointer, _ rowCount: Int, _ blockCount: Int,
    _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>,
    _ refinementCount: Int, _ refinedBlocks: UnsafePointer<Int32>,
    _ refinedCodes: UnsafePointer<Int8>, _ refinedRecords: UnsafePointer<SIMD4<Float>>,
    _ output: UnsafeMutablePointer<Float>
) {
    for row in 0..<rowCount {
        let source = weights + row &* blockCount &* 18
        var sum = RowSum()
        var block = 0
        while block < blockCount {
            // Past the row's end the last block stands in; its activations are zeros.
            let (bytes, last) = (source + block &* 18, blockCount &- block &- 1)
            prefetch(bytes + prefetchDistance)
            prefetch(bytes + (prefetchDistance &+ 36))
            addQ4_0(
                &sum, bytes, bytes + min(1, last) &* 18, bytes + min(2, last) &* 18, bytes + min(3, last) &* 18,
                Activations(codes, records, block, blockCount &- block))
            block &+= 4
        }
        var index = 0
        while index < refinementCount {
            let blocks = refinedBlocks + index
            addQ4_0(
                &sum, source + Int(blocks[0]) &* 18, source + Int(blocks[1]) &* 18,
                source + Int(blocks[2]) &* 18, source + Int(blocks[3]) &* 18,
                Activations(refinedCodes, refinedRecords, index, 4))
            index &+= 4
        }
        output[row] = sum.total
    }
}
