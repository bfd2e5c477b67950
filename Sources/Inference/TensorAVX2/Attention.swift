import CIntrinsics

extension AVX2 {
    /// One page of positions for queries that share a key-value head: see `Kernels.attendPage` in module Tensor.
    ///
    /// - Precondition: `dimension` is a multiple of 8, `positionCounts` are 0...64, `scores` has room for 64.
    @export(interface)
    public static func attendPage(
        _ queries: UnsafePointer<Float>, _ queryCount: Int, _ dimension: Int,
        _ keys: UnsafePointer<UInt16>, _ values: UnsafePointer<UInt16>, _ positionCounts: UnsafePointer<Int32>,
        _ scale: Float, _ scores: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>,
        _ states: UnsafeMutablePointer<SIMD2<Float>>
    ) {
        for head in 0..<queryCount {
            let positionCount = Int(positionCounts[head])
            guard positionCount > 0 else { continue }
            score(queries + head &* dimension, dimension, keys, positionCount, scale, scores)
            let sum = sums + head &* dimension
            let state = states[head]
            let highest = max(state[0], largest(scores, positionCount))
            let correction = exponentialOfOne(state[0] - highest)
            let total = exponentiate(scores, positionCount, highest)
            states[head] = SIMD2(highest, state[1] * correction + total)
            accumulate(scores, positionCount, values, dimension, correction, sum)
        }
    }
}

/// Keys lie by element and position, 64 positions an element.
private let positionsPerPage = 64

/// scores[p] = scale * sum over elements of query[e] * keys[e][p], for whole registers of positions; those past the
/// count mean nothing.
@inline(__always)
private func score(
    _ query: UnsafePointer<Float>, _ dimension: Int, _ keys: UnsafePointer<UInt16>, _ positionCount: Int,
    _ scale: Float, _ scores: UnsafeMutablePointer<Float>
) {
    let scales = _mm256_set1_ps(scale)
    var position = 0
    while position < positionCount {
        var (s0, s1) = (_mm256_setzero_ps(), _mm256_setzero_ps())
        for element in 0..<dimension {
            let key = keys + (element &* positionsPerPage &+ position)
            let factor = _mm256_set1_ps(query[element])
            s0 = _mm256_fmadd_ps(factor, halves(key), s0)
            s1 = _mm256_fmadd_ps(factor, halves(key + 8), s1)
        }
        _mm256_storeu_ps(scores + position, _mm256_mul_ps(s0, scales))
        _mm256_storeu_ps(scores + position + 8, _mm256_mul_ps(s1, scales))
        position &+= 16
    }
}

// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
private func halves(_ source: UnsafePointer<UInt16>) -> __m256 {
    _mm256_cvtph_ps(_mm_loadu_si128(UnsafeRawPointer(source).assumingMemoryBound(to: __m128i.self)))
}

@inline(__always)
private func largest(_ scores: UnsafePointer<Float>, _ count: Int) -> Float {
    var highest = -Float.infinity
    for index in 0..<count { highest = max(highest, scores[index]) }
    return highest
}

/// e^x for one number, by the same steps as the vector; 0 where x is minus infinity (nothing seen before).
@inline(__always)
private func exponentialOfOne(_ x: Float) -> Float {
    x > -87 ? _mm256_cvtss_f32(exponential(_mm256_set1_ps(x))) : 0
}

/// Replaces scores by e^(score - highest) and returns their sum.
@inline(__always)
private func exponentiate(_ scores: UnsafeMutablePointer<Float>, _ count: Int, _ highest: Float) -> Float {
    var total = _mm256_setzero_ps()
    var index = 0
    while index < count {
        let lanes = firstLanes(count &- index)
        let shifted = _mm256_sub_ps(_mm256_maskload_ps(scores + index, lanes), _mm256_set1_ps(highest))
        let weights = _mm256_and_ps(exponential(shifted), _mm256_castsi256_ps(lanes))
        _mm256_maskstore_ps(scores + index, lanes, weights)
        total = _mm256_add_ps(total, weights)
        index &+= 8
    }
    return sum(total)
}

/// sum = correction * sum + (weights . values)
@inline(__always)
private func accumulate(
    _ weights: UnsafePointer<Float>, _ positionCount: Int, _ values: UnsafePointer<UInt16>, _ dimension: Int,
    _ correction: Float, _ sum: UnsafeMutablePointer<Float>
) {
    let corrections = _mm256_set1_ps(correction)
    var index = 0
    while index &+ 32 <= dimension {
        var s0 = _mm256_mul_ps(_mm256_loadu_ps(sum + index), corrections)
        var s1 = _mm256_mul_ps(_mm256_loadu_ps(sum + index + 8), corrections)
        var s2 = _mm256_mul_ps(_mm256_loadu_ps(sum + index + 16), corrections)
        var s3 = _mm256_mul_ps(_mm256_loadu_ps(sum + index + 24), corrections)
        for position in 0..<positionCount {
            let value = values + (position &* dimension &+ index)
            let weight = _mm256_set1_ps(weights[position])
            s0 = _mm256_fmadd_ps(weight, halves(value), s0)
            s1 = _mm256_fmadd_ps(weight, halves(value + 8), s1)
            s2 = _mm256_fmadd_ps(weight, halves(value + 16), s2)
            s3 = _mm256_fmadd_ps(weight, halves(value + 24), s3)
        }
        _mm256_storeu_ps(sum + index, s0)
        _mm256_storeu_ps(sum + index + 8, s1)
        _mm256_storeu_ps(sum + index + 16, s2)
        _mm256_storeu_ps(sum + index + 24, s3)
        index &+= 32
    }
    while index < dimension {
        var total = _mm256_mul_ps(_mm256_loadu_ps(sum + index), corrections)
        for position in 0..<positionCount {
            let value = halves(values + (position &* dimension &+ index))
            total = _mm256_fmadd_ps(_mm256_set1_ps(weights[position]), value, total)
        }
        _mm256_storeu_ps(sum + index, total)
        index &+= 8
    }
}
