import CIntrinsics

@inline(__always)
private func load32(_ source: UnsafeRawPointer) -> __m256i {
    _mm256_loadu_si256(source.assumingMemoryBound(to: __m256i.self))
}

/// Q8_0 rows (34 bytes a block: scale, 32 signed bytes) times one token's quantized activations.
///
/// VNNI multiplies unsigned by signed bytes: the weight's magnitude by the activation with the weight's sign. Two
/// blocks a register; -128 has the magnitude 128, which is right as an unsigned byte.
@export(interface)
public func multiplyRowsQ8_0(
    _ weights: UnsafeRawPointer, _ rowCount: Int, _ blockCount: Int,
    _ codes: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>,
    _ refinementCount: Int, _ refinedBlocks: UnsafePointer<Int32>,
    _ refinedCodes: UnsafePointer<Int8>, _ refinedRecords: UnsafePointer<SIMD4<Float>>,
    _ output: UnsafeMutablePointer<Float>
) {
    for row in 0..<rowCount {
        let source = weights + row &* blockCount &* 34
        var total = _mm512_setzero_ps()
        var block = 0
        while block &+ 2 <= blockCount {
            let bytes = source + block &* 34
            prefetch(bytes + prefetchDistance)
            total = add(
                join_halves(load32(bytes + 2), load32(bytes + 36)), _mm512_loadu_si512(codes + block &* 32),
                scale(bytes) * records[block][0], scale(bytes + 34) * records[block &+ 1][0], to: total)
            block &+= 2
        }
        if block < blockCount {
            let bytes = source + block &* 34
            total = add(
                _mm512_zextsi256_si512(load32(bytes + 2)), _mm512_zextsi256_si512(load32(codes + block &* 32)),
                scale(bytes) * records[block][0], 0, to: total)
        }
        var index = 0
        while index < refinementCount {
            let low = source + Int(refinedBlocks[index]) &* 34
            let high = source + Int(refinedBlocks[index &+ 1]) &* 34
            total = add(
                join_halves(load32(low + 2), load32(high + 2)), _mm512_loadu_si512(refinedCodes + index &* 32),
                scale(low) * refinedRecords[index][0], scale(high) * refinedRecords[index &+ 1][0], to: total)
            index &+= 2
        }
        output[row] = _mm512_reduce_add_ps(total)
    }
}

/// Adds the scaled products of two blocks.
@inline(__always)
private func add(
    _ weights: __m512i, _ activations: __m512i, _ lowScale: Float, _ highScale: Float, to total: __m512
) -> __m512 {
    let negative = _mm512_movepi8_mask(weights)
    let signed = _mm512_mask_sub_epi8(activations, negative, _mm512_setzero_si512(), activations)
    let integers = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_abs_epi8(weights), signed)
    let scales = _mm512_mask_mov_ps(_mm512_set1_ps(lowScale), 0xff00, _mm512_set1_ps(highScale))
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(integers), scales, total)
}

@inline(__always)
private func scale(_ block: UnsafeRawPointer) -> Float {
    _cvtsh_ss(block.loadUnaligned(as: UInt16.self))
}
