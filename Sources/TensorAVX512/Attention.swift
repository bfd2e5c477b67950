import CIntrinsics

/// Keys lie by element and position, 64 positions an element.
private let positionsPerPage = 64

/// One page of positions for the query heads that share a key-value head: see `Kernels.attendPage` in module Tensor.
///
/// - Precondition: `dimension` is a multiple of 16, `positionCount` is 1...64, `scores` has room for 64.
@export(interface)
public func attendPageAVX512(
    _ queries: UnsafePointer<Float>, _ queryCount: Int, _ dimension: Int,
    _ keys: UnsafePointer<UInt16>, _ values: UnsafePointer<UInt16>, _ positionCount: Int, _ scale: Float,
    _ scores: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>,
    _ states: UnsafeMutablePointer<SIMD2<Float>>
) {
    for head in 0..<queryCount {
        var highest = score(queries + head &* dimension, dimension, keys, positionCount, scale, scores)
        let state = states[head]
        highest = max(state[0], highest)
        let correction = exponentialOfOne(state[0] - highest)
        let total = exponentiate(scores, positionCount, highest)
        states[head] = SIMD2(highest, state[1] * correction + total)
        accumulate(scores, positionCount, values, dimension, correction, sums + head &* dimension)
    }
}

/// The lanes of the register that starts at `position` which hold positions below `count`.
@inline(__always)
private func lanes(_ position: Int, _ count: Int) -> UInt16 {
    let remaining = count &- position
    return remaining >= 16 ? 0xffff : remaining <= 0 ? 0 : UInt16(truncatingIfNeeded: 1 &<< remaining &- 1)
}

@inline(__always)
private func halves(_ source: UnsafePointer<UInt16>) -> __m512 {
    _mm512_cvtph_ps(_mm256_loadu_si256(UnsafeRawPointer(source).assumingMemoryBound(to: __m256i.self)))
}

/// scores[p] = scale * sum over elements of query[e] * keys[e][p]; the highest of them.
@inline(__always)
private func score(
    _ query: UnsafePointer<Float>, _ dimension: Int, _ keys: UnsafePointer<UInt16>, _ positionCount: Int,
    _ scale: Float, _ scores: UnsafeMutablePointer<Float>
) -> Float {
    var (s0, s1) = (_mm512_setzero_ps(), _mm512_setzero_ps())
    var (s2, s3) = (_mm512_setzero_ps(), _mm512_setzero_ps())
    for element in 0..<dimension {
        let key = keys + element &* positionsPerPage
        let factor = _mm512_set1_ps(query[element])
        s0 = _mm512_fmadd_ps(factor, halves(key), s0)
        s1 = _mm512_fmadd_ps(factor, halves(key + 16), s1)
        s2 = _mm512_fmadd_ps(factor, halves(key + 32), s2)
        s3 = _mm512_fmadd_ps(factor, halves(key + 48), s3)
    }
    var highest = _mm512_set1_ps(-Float.infinity)
    func finish(_ sums: __m512, _ position: Int) {
        let scaled = _mm512_mul_ps(sums, _mm512_set1_ps(scale))
        _mm512_storeu_ps(scores + position, scaled)
        highest = _mm512_mask_max_ps(highest, lanes(position, positionCount), highest, scaled)
    }
    finish(s0, 0)
    finish(s1, 16)
    finish(s2, 32)
    finish(s3, 48)
    return _mm512_reduce_max_ps(highest)
}

/// The exponential, by the same steps as the AVX2 kernels take.
@inline(__always)
private func exponential(_ argument: __m512) -> __m512 {
    let x = _mm512_min_ps(_mm512_max_ps(argument, _mm512_set1_ps(-87.3)), _mm512_set1_ps(88.3))
    let power = _mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(1.442_695_04)))
    let n = _mm512_cvtepi32_ps(power)
    var r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693_359_375), x)
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.121_944_40e-4), r)
    var p = _mm512_set1_ps(1.987_569_15e-4)
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.398_199_95e-3))
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.333_451_91e-3))
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.166_579_59e-2))
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.666_666_55e-1))
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.000_000_12e-1))
    p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, _mm512_set1_ps(1)))
    return _mm512_scalef_ps(p, n)
}

/// e^x for one number; 0 where x is minus infinity (nothing seen before).
@inline(__always)
private func exponentialOfOne(_ x: Float) -> Float {
    x > -87 ? _mm512_cvtss_f32(exponential(_mm512_set1_ps(x))) : 0
}

/// Replaces scores by e^(score - highest) and returns their sum.
@inline(__always)
private func exponentiate(_ scores: UnsafeMutablePointer<Float>, _ count: Int, _ highest: Float) -> Float {
    var total = _mm512_setzero_ps()
    var position = 0
    while position < count {
        let mask = lanes(position, count)
        let shifted = _mm512_sub_ps(_mm512_loadu_ps(scores + position), _mm512_set1_ps(highest))
        let weights = _mm512_maskz_mov_ps(mask, exponential(shifted))
        _mm512_storeu_ps(scores + position, weights)
        total = _mm512_add_ps(total, weights)
        position &+= 16
    }
    return _mm512_reduce_add_ps(total)
}

/// sum = correction * sum + (weights . values)
@inline(__always)
private func accumulate(
    _ weights: UnsafePointer<Float>, _ positionCount: Int, _ values: UnsafePointer<UInt16>, _ dimension: Int,
    _ correction: Float, _ sum: UnsafeMutablePointer<Float>
) {
    let corrections = _mm512_set1_ps(correction)
    var index = 0
    while index &+ 64 <= dimension {
        let target = sum + index
        var s0 = _mm512_mul_ps(_mm512_loadu_ps(target), corrections)
        var s1 = _mm512_mul_ps(_mm512_loadu_ps(target + 16), corrections)
        var s2 = _mm512_mul_ps(_mm512_loadu_ps(target + 32), corrections)
        var s3 = _mm512_mul_ps(_mm512_loadu_ps(target + 48), corrections)
        for position in 0..<positionCount {
            let value = values + (position &* dimension &+ index)
            let weight = _mm512_set1_ps(weights[position])
            s0 = _mm512_fmadd_ps(weight, halves(value), s0)
            s1 = _mm512_fmadd_ps(weight, halves(value + 16), s1)
            s2 = _mm512_fmadd_ps(weight, halves(value + 32), s2)
            s3 = _mm512_fmadd_ps(weight, halves(value + 48), s3)
        }
        _mm512_storeu_ps(target, s0)
        _mm512_storeu_ps(target + 16, s1)
        _mm512_storeu_ps(target + 32, s2)
        _mm512_storeu_ps(target + 48, s3)
        index &+= 64
    }
    while index < dimension {
        var total = _mm512_mul_ps(_mm512_loadu_ps(sum + index), corrections)
        for position in 0..<positionCount {
            let value = halves(values + (position &* dimension &+ index))
            total = _mm512_fmadd_ps(_mm512_set1_ps(weights[position]), value, total)
        }
        _mm512_storeu_ps(sum + index, total)
        index &+= 16
    }
}
