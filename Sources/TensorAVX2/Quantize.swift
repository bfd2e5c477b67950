import CIntrinsics

/// Quantizes blocks of 32 floats to signed bytes; see `Kernels.quantize` in module Tensor, with which it agrees
/// exactly.
@export(interface)
public func quantizeBlocksAVX2(
    _ values: UnsafePointer<Float>, _ codes: UnsafeMutablePointer<Int8>, _ records: UnsafeMutablePointer<SIMD4<Float>>,
    _ blockCount: Int
) {
    let magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fff_ffff))
    for block in 0..<blockCount {
        let source = values + block &* 32
        let v0 = _mm256_loadu_ps(source)
        let v1 = _mm256_loadu_ps(source + 8)
        let v2 = _mm256_loadu_ps(source + 16)
        let v3 = _mm256_loadu_ps(source + 24)
        let low = _mm256_max_ps(_mm256_and_ps(v0, magnitude), _mm256_and_ps(v1, magnitude))
        let high = _mm256_max_ps(_mm256_and_ps(v2, magnitude), _mm256_and_ps(v3, magnitude))
        let largest = maximum(_mm256_max_ps(low, high))
        let scale = largest / 127
        let inverse = _mm256_set1_ps(largest > 0 ? 127 / largest : 0)

        let c0 = _mm256_cvtps_epi32(_mm256_mul_ps(v0, inverse))
        let c1 = _mm256_cvtps_epi32(_mm256_mul_ps(v1, inverse))
        let c2 = _mm256_cvtps_epi32(_mm256_mul_ps(v2, inverse))
        let c3 = _mm256_cvtps_epi32(_mm256_mul_ps(v3, inverse))
        let lowSum = sum(_mm256_cvtepi32_ps(_mm256_add_epi32(c0, c1)))
        let highSum = sum(_mm256_cvtepi32_ps(_mm256_add_epi32(c2, c3)))
        records[block] = SIMD4(scale, (lowSum + highSum) * scale, lowSum * scale, highSum * scale)

        // Packing works within 128-bit lanes; the permutation puts the groups of four bytes back in order.
        let bytes = _mm256_packs_epi16(_mm256_packs_epi32(c0, c1), _mm256_packs_epi32(c2, c3))
        let ordered = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
        _mm256_storeu_si256(UnsafeMutableRawPointer(codes + block &* 32).assumingMemoryBound(to: __m256i.self), ordered)
    }
}
