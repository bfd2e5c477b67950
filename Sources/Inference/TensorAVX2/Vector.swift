import CIntrinsics

/// The sum of eight floats.
@inline(__always)
func sum(_ v: __m256) -> Float {
    let four = _mm_add_ps(_mm256_castps256_ps128(v), upper_half_float(v))
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four))
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}

/// The largest of eight floats.
@inline(__always)
func maximum(_ v: __m256) -> Float {
    let four = _mm_max_ps(_mm256_castps256_ps128(v), upper_half_float(v))
    let two = _mm_max_ps(four, _mm_movehl_ps(four, four))
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
}

/// The exponential of eight floats, within 2 units in the last place; arguments are clamped to -87.3...88.3.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 is split in two so that r is exact; e^r by a polynomial (Cephes' `expf`).
@inline(__always)
func exponential(_ argument: __m256) -> __m256 {
    let x = _mm256_min_ps(_mm256_max_ps(argument, _mm256_set1_ps(-87.3)), _mm256_set1_ps(88.3))
    let power = _mm256_cvtps_epi32(_mm256_mul_ps(x, _mm256_set1_ps(1.442_695_04)))
    let n = _mm256_cvtepi32_ps(power)
    var r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693_359_375), x)
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.121_944_40e-4), r)
    var p = _mm256_set1_ps(1.987_569_15e-4)
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.398_199_95e-3))
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.333_451_91e-3))
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.166_579_59e-2))
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.666_666_55e-1))
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.000_000_12e-1))
    p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), _mm256_add_ps(r, _mm256_set1_ps(1)))
    let twoToTheN = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(power, _mm256_set1_epi32(127)), 23))
    return _mm256_mul_ps(p, twoToTheN)
}

/// A mask whose first `count` (0...8) lanes are set, for loads and stores at the end of a row.
@inline(__always)
func firstLanes(_ count: Int) -> __m256i {
    let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(Int32(truncatingIfNeeded: count)), lane)
}
