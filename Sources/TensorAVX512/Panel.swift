import CIntrinsics

// Sixteen decoded rows times many tokens: the prefill path.

private typealias Words = UnsafeMutablePointer<UInt32>

/// Interleaves 16 rows of codes, `rowStride` bytes apart, four columns at a time: 64 bytes of the panel hold columns 4k
/// to 4k + 3 of row 0, then of row 1, and so on, which is one VNNI operand for sixteen rows.
///
/// - Parameter columns: a multiple of 32.
@export(interface)
public func interleavePanel(
    _ codes: UnsafePointer<UInt8>, _ rowStride: Int, _ columns: Int, _ panel: UnsafeMutablePointer<UInt8>
) {
    var column = 0
    while column < columns {
        let count = columns &- column >= 64 ? 16 : 8
        let target = panel + column &* 16
        transpose(codes + column, rowStride, UInt16(truncatingIfNeeded: 1 &<< count &- 1), count, target)
        column &+= count &* 4
    }
}

/// Transposes 16 rows of up to 16 words of 32 bits: four steps that each exchange halves of growing distance.
@inline(__always)
private func transpose(
    _ codes: UnsafePointer<UInt8>, _ rowStride: Int, _ mask: UInt16, _ count: Int, _ target: UnsafeMutablePointer<UInt8>
) {
    @inline(__always)
    func row(_ index: Int) -> __m512i { _mm512_maskz_loadu_epi32(mask, codes + index &* rowStride) }

    /// Rows r, r+1, r+2, r+3: lane l of result i holds word 4l + i of the four rows.
    @inline(__always)
    func four(_ r: Int) -> (__m512i, __m512i, __m512i, __m512i) {
        let (r0, r1, r2, r3) = (row(r), row(r &+ 1), row(r &+ 2), row(r &+ 3))
        let (low01, high01) = (_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1))
        let (low23, high23) = (_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3))
        return (
            _mm512_unpacklo_epi64(low01, low23), _mm512_unpackhi_epi64(low01, low23),
            _mm512_unpacklo_epi64(high01, high23), _mm512_unpackhi_epi64(high01, high23)
        )
    }

    /// Words i, i+4, i+8, i+12 of all rows from result i of the four row groups.
    @inline(__always)
    func emit(_ i: Int, _ a: __m512i, _ b: __m512i, _ c: __m512i, _ d: __m512i) {
        let (evenLow, oddLow) = (even_lanes(a, b), odd_lanes(a, b))
        let (evenHigh, oddHigh) = (even_lanes(c, d), odd_lanes(c, d))
        _mm512_storeu_si512(target + i &* 64, even_lanes(evenLow, evenHigh))
        _mm512_storeu_si512(target + (i &+ 4) &* 64, even_lanes(oddLow, oddHigh))
        guard count == 16 else { return }
        _mm512_storeu_si512(target + (i &+ 8) &* 64, odd_lanes(evenLow, evenHigh))
        _mm512_storeu_si512(target + (i &+ 12) &* 64, odd_lanes(oddLow, oddHigh))
    }

    let (a, b, c, d) = (four(0), four(4), four(8), four(12))
    emit(0, a.0, b.0, c.0, d.0)
    emit(1, a.1, b.1, c.1, d.1)
    emit(2, a.2, b.2, c.2, d.2)
    emit(3, a.3, b.3, c.3, d.3)
}

/// Adds the refined blocks of every token to the panel's products: see `Activations` in module Tensor.
///
/// - Parameters:
///   - firstBlock, blockCount: the blocks that the panel holds; refinements of other blocks are left out.
///   - refinedBlocks, codes, records: `refinementsPerToken` a token, one token after the other.
///   - others as in `multiplyPanel`.
@export(interface)
public func refinePanel(
    _ panelCodes: UnsafePointer<UInt8>, _ scales: UnsafePointer<Float>, _ minimums: UnsafePointer<Float>,
    _ elementsPerGroup: Int, _ firstBlock: Int, _ blockCount: Int,
    _ refinedBlocks: UnsafePointer<Int32>, _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>,
    _ refinementsPerToken: Int, _ tokenCount: Int,
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ rowCount: Int
) {
    let lanes = UInt16(truncatingIfNeeded: 1 &<< rowCount &- 1)
    let groupsPerBlock = 32 / elementsPerGroup
    for token in 0..<tokenCount {
        var column = Column()
        let first = token &* refinementsPerToken
        for index in first..<(first &+ refinementsPerToken) {
            let block = Int(refinedBlocks[index]) &- firstBlock
            guard block >= 0 && block < blockCount else { continue }
            var offset = 0
            for part in 0..<groupsPerBlock {
                for _ in 0..<(2 / groupsPerBlock) {
                    // Four words of 64 bytes: sixteen columns.
                    let weights = UnsafeRawPointer(panelCodes) + (block &* 512 &+ offset &* 16)
                    let activations = codes + index &* 32
                    column.multiply(_mm512_loadu_si512(weights), activations, offset)
                    column.multiply(_mm512_loadu_si512(weights + 64), activations, offset &+ 4)
                    column.multiply(_mm512_loadu_si512(weights + 128), activations, offset &+ 8)
                    column.multiply(_mm512_loadu_si512(weights + 192), activations, offset &+ 12)
                    offset &+= 16
                }
                let group = (block &* groupsPerBlock &+ part) &* 16
                let sum = groupsPerBlock == 1 ? 1 : 2 &+ part
                column.finishGroup(
                    _mm512_loadu_ps(scales + group), _mm512_loadu_ps(minimums + group), record(records, index, 0),
                    record(records, index, sum))
            }
        }
        column.store(output + token &* outputStride, lanes, true)
    }
}

/// What stays the same for all tiles of a panel.
private struct Panel {
    let codes: UnsafePointer<UInt8>
    let scales: UnsafePointer<Float>
    let minimums: UnsafePointer<Float>
    let groupsPerBlock: Int
    let blockCount: Int
}

/// One token's share of a tile: integer sums of the current group, float sums of the row run.
private struct Column {
    var total = _mm512_setzero_ps()
    var integers = _mm512_setzero_si512()

    @inline(__always)
    mutating func multiply(_ weights: __m512i, _ activations: UnsafePointer<Int8>, _ offset: Int) {
        let four = UnsafeRawPointer(activations).loadUnaligned(fromByteOffset: offset, as: Int32.self)
        integers = _mm512_dpbusd_epi32(integers, weights, _mm512_set1_epi32(four))
    }

    @inline(__always)
    mutating func finishGroup(_ scales: __m512, _ minimums: __m512, _ scale: Float, _ sum: Float) {
        let factors = _mm512_mul_ps(scales, _mm512_set1_ps(scale))
        total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(integers), factors, total)
        total = _mm512_fmadd_ps(minimums, _mm512_set1_ps(sum), total)
        integers = _mm512_setzero_si512()
    }

    @inline(__always)
    func store(_ output: UnsafeMutablePointer<Float>, _ lanes: UInt16, _ accumulates: Bool) {
        let before = accumulates ? _mm512_maskz_loadu_ps(lanes, output) : _mm512_setzero_ps()
        _mm512_mask_storeu_ps(output, lanes, _mm512_add_ps(before, total))
    }
}

/// Multiplies an interleaved panel by `tokenCount` tokens.
///
/// - Parameters:
///   - scales, minimums: sixteen a group, row after row.
///   - elementsPerGroup: 32 or 16.
///   - blockCount: runs of 32 columns.
///   - codes, records: the first token's quantized activations at the panel's first column; tokens are
///     `blocksPerToken` blocks apart.
///   - output: the first token's value for the first row; tokens are `outputStride` floats apart.
///   - rowCount: rows that are real, 1...16; the others' results are dropped.
///   - accumulates: whether to add to what `output` holds.
@export(interface)
public func multiplyPanel(
    _ panelCodes: UnsafePointer<UInt8>, _ scales: UnsafePointer<Float>, _ minimums: UnsafePointer<Float>,
    _ elementsPerGroup: Int, _ blockCount: Int,
    _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>, _ blocksPerToken: Int, _ tokenCount: Int,
    _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ rowCount: Int, _ accumulates: Bool
) {
    let panel = Panel(
        codes: panelCodes, scales: scales, minimums: minimums, groupsPerBlock: 32 / elementsPerGroup,
        blockCount: blockCount)
    let lanes = UInt16(truncatingIfNeeded: 1 &<< rowCount &- 1)
    var token = 0
    while token < tokenCount {
        let count = tokenCount &- token
        let tokenCodes = codes + token &* blocksPerToken &* 32
        let tokenRecords = records + token &* blocksPerToken
        let target = output + token &* outputStride
        if count > 4 {
            multiplyTile8(panel, tokenCodes, tokenRecords, blocksPerToken, count, target,
                           outputStride, lanes, accumulates)
            token &+= 8
        } else {
            multiplyTile4(panel, tokenCodes, tokenRecords, blocksPerToken, count, target,
                           outputStride, lanes, accumulates)
            token &+= 4
        }
    }
}

/// Up to four tokens; missing ones repeat the last and are not stored.
private func multiplyTile4(
    _ panel: Panel, _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>, _ blocksPerToken: Int,
    _ tokenCount: Int, _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ lanes: UInt16, _ accumulates: Bool
) {
    let last = tokenCount &- 1
    let (r0, r1) = (records, records + min(1, last) &* blocksPerToken)
    let (r2, r3) = (records + min(2, last) &* blocksPerToken, records + min(3, last) &* blocksPerToken)
    let (a0, a1) = (codes, codes + min(1, last) &* blocksPerToken &* 32)
    let (a2, a3) = (codes + min(2, last) &* blocksPerToken &* 32, codes + min(3, last) &* blocksPerToken &* 32)
    var (c0, c1, c2, c3) = (Column(), Column(), Column(), Column())
    let wordsPerGroup = 8 / panel.groupsPerBlock
    var weights = UnsafeRawPointer(panel.codes)
    var offset = 0
    var group = 0
    for block in 0..<panel.blockCount {
        for part in 0..<panel.groupsPerBlock {
            for _ in 0..<wordsPerGroup {
                let word = _mm512_loadu_si512(weights)
                c0.multiply(word, a0, offset)
                c1.multiply(word, a1, offset)
                c2.multiply(word, a2, offset)
                c3.multiply(word, a3, offset)
                weights += 64
                offset &+= 4
            }
            let scales = _mm512_loadu_ps(panel.scales + group &* 16)
            let minimums = _mm512_loadu_ps(panel.minimums + group &* 16)
            let sum = panel.groupsPerBlock == 1 ? 1 : 2 &+ part
            c0.finishGroup(scales, minimums, record(r0, block, 0), record(r0, block, sum))
            c1.finishGroup(scales, minimums, record(r1, block, 0), record(r1, block, sum))
            c2.finishGroup(scales, minimums, record(r2, block, 0), record(r2, block, sum))
            c3.finishGroup(scales, minimums, record(r3, block, 0), record(r3, block, sum))
            group &+= 1
        }
    }
    c0.store(output, lanes, accumulates)
    if last >= 1 { c1.store(output + outputStride, lanes, accumulates) }
    if last >= 2 { c2.store(output + 2 &* outputStride, lanes, accumulates) }
    if last >= 3 { c3.store(output + 3 &* outputStride, lanes, accumulates) }
}

/// Field `field` of a block record: 0 its scale, 1 its sum, 2 and 3 the sums of its halves.
@inline(__always)
private func record(_ records: UnsafePointer<SIMD4<Float>>, _ block: Int, _ field: Int) -> Float {
    UnsafeRawPointer(records).load(fromByteOffset: block &* 16 &+ field &* 4, as: Float.self)
}

/// Up to eight tokens; missing ones repeat the last and are not stored.
private func multiplyTile8(
    _ panel: Panel, _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>, _ blocksPerToken: Int,
    _ tokenCount: Int, _ output: UnsafeMutablePointer<Float>, _ outputStride: Int, _ lanes: UInt16, _ accumulates: Bool
) {
    let last = tokenCount &- 1
    let (r0, r1) = (records, records + blocksPerToken)
    let (r2, r3, r4) = (r1 + blocksPerToken, r1 + 2 &* blocksPerToken, r1 + 3 &* blocksPerToken)
    let r5 = records + min(5, last) &* blocksPerToken
    let r6 = records + min(6, last) &* blocksPerToken
    let r7 = records + min(7, last) &* blocksPerToken
    let bytesPerToken = blocksPerToken &* 32
    let (a0, a1) = (codes, codes + bytesPerToken)
    let (a2, a3, a4) = (a1 + bytesPerToken, a1 + 2 &* bytesPerToken, a1 + 3 &* bytesPerToken)
    let a5 = codes + min(5, last) &* bytesPerToken
    let a6 = codes + min(6, last) &* bytesPerToken
    let a7 = codes + min(7, last) &* bytesPerToken
    var (c0, c1, c2, c3) = (Column(), Column(), Column(), Column())
    var (c4, c5, c6, c7) = (Column(), Column(), Column(), Column())
    let wordsPerGroup = 8 / panel.groupsPerBlock
    var weights = UnsafeRawPointer(panel.codes)
    var offset = 0
    var group = 0
    for block in 0..<panel.blockCount {
        for part in 0..<panel.groupsPerBlock {
            for _ in 0..<wordsPerGroup {
                let word = _mm512_loadu_si512(weights)
                c0.multiply(word, a0, offset)
                c1.multiply(word, a1, offset)
                c2.multiply(word, a2, offset)
                c3.multiply(word, a3, offset)
                c4.multiply(word, a4, offset)
                c5.multiply(word, a5, offset)
                c6.multiply(word, a6, offset)
                c7.multiply(word, a7, offset)
                weights += 64
                offset &+= 4
            }
            let scales = _mm512_loadu_ps(panel.scales + group &* 16)
            let minimums = _mm512_loadu_ps(panel.minimums + group &* 16)
            let sum = panel.groupsPerBlock == 1 ? 1 : 2 &+ part
            c0.finishGroup(scales, minimums, record(r0, block, 0), record(r0, block, sum))
            c1.finishGroup(scales, minimums, record(r1, block, 0), record(r1, block, sum))
            c2.finishGroup(scales, minimums, record(r2, block, 0), record(r2, block, sum))
            c3.finishGroup(scales, minimums, record(r3, block, 0), record(r3, block, sum))
            c4.finishGroup(scales, minimums, record(r4, block, 0), record(r4, block, sum))
            c5.finishGroup(scales, minimums, record(r5, block, 0), record(r5, block, sum))
            c6.finishGroup(scales, minimums, record(r6, block, 0), record(r6, block, sum))
            c7.finishGroup(scales, minimums, record(r7, block, 0), record(r7, block, sum))
            group &+= 1
        }
    }
    c0.store(output, lanes, accumulates)
    c1.store(output + outputStride, lanes, accumulates)
    c2.store(output + 2 &* outputStride, lanes, accumulates)
    c3.store(output + 3 &* outputStride, lanes, accumulates)
    c4.store(output + 4 &* outputStride, lanes, accumulates)
    if last >= 5 { c5.store(output + 5 &* outputStride, lanes, accumulates) }
    if last >= 6 { c6.store(output + 6 &* outputStride, lanes, accumulates) }
    if last >= 7 { c7.store(output + 7 &* outputStride, lanes, accumulates) }
}
