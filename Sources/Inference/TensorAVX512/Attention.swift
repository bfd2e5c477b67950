import CIntrinsics

extension AVX512 {
    /// One page of positions for queries that share a key-value head: see `Kernels.attendPage` in module Tensor.
    ///
    /// Up to six queries at a time keep their sums in registers, so that a key or value is widened once for all of
    /// them. What a query gets does not depend on the others.
    ///
    /// - Precondition: `dimension` is a multiple of 16, `positionCounts` are 0...64, `scores` has room for 6 * 64.
    @export(interface)
    public static func attendPage(
        _ queries: UnsafePointer<Float>, _ queryCount: Int, _ dimension: Int,
        _ keys: UnsafePointer<UInt16>, _ values: UnsafePointer<UInt16>, _ positionCounts: UnsafePointer<Int32>,
        _ scale: Float, _ scores: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>,
        _ states: UnsafeMutablePointer<SIMD2<Float>>
    ) {
        var first = 0
        while first < queryCount {
            let count = queryCount &- first
            let page = Page(
                queries: queries + first &* dimension, dimension: dimension, keys: keys, values: values,
                positionCounts: positionCounts + first, scale: scale, scores: scores, sums: sums + first &* dimension,
                states: states + first)
            switch count {
            case 1:
                page.attend(1)
                first &+= 1
            case 2:
                page.attend(2)
                first &+= 2
            case 3...5:
                page.attend(3)
                first &+= 3
            default:
                page.attend(6)
                first &+= 6
            }
        }
    }
}

/// Keys lie by element and position, 64 positions an element.
private let positionsPerPage = 64

/// The lanes of the register that starts at `position` which hold positions below `count`.
@inline(__always)
private func lanes(_ position: Int, _ count: Int) -> UInt16 {
    let remaining = count &- position
    return remaining >= 16 ? 0xffff : remaining <= 0 ? 0 : UInt16(truncatingIfNeeded: 1 &<< remaining &- 1)
}

// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
private func halves(_ source: UnsafePointer<UInt16>) -> __m512 {
    TensorAVX512.halves(UnsafeRawPointer(source))
}

/// 64 floats of one query: scores of a page, or a run of elements of its sum.
private struct Sums {
    var s0, s1, s2, s3: __m512

    @inline(__always)
    init() {
        (s0, s1, s2, s3) = (_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps())
    }

    @inline(__always)
    init(_ source: UnsafePointer<Float>, times factor: Float) {
        let factors = _mm512_set1_ps(factor)
        s0 = _mm512_mul_ps(_mm512_loadu_ps(source), factors)
        s1 = _mm512_mul_ps(_mm512_loadu_ps(source + 16), factors)
        s2 = _mm512_mul_ps(_mm512_loadu_ps(source + 32), factors)
        s3 = _mm512_mul_ps(_mm512_loadu_ps(source + 48), factors)
    }

    @inline(__always)
    mutating func add(_ run: (__m512, __m512, __m512, __m512), times factor: Float) {
        let factors = _mm512_set1_ps(factor)
        s0 = _mm512_fmadd_ps(factors, run.0, s0)
        s1 = _mm512_fmadd_ps(factors, run.1, s1)
        s2 = _mm512_fmadd_ps(factors, run.2, s2)
        s3 = _mm512_fmadd_ps(factors, run.3, s3)
    }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Float>) {
        _mm512_storeu_ps(target, s0)
        _mm512_storeu_ps(target + 16, s1)
        _mm512_storeu_ps(target + 32, s2)
        _mm512_storeu_ps(target + 48, s3)
    }
}

/// 64 numbers, widened.
@inline(__always)
private func run(_ source: UnsafePointer<UInt16>) -> (__m512, __m512, __m512, __m512) {
    (halves(source), halves(source + 16), halves(source + 32), halves(source + 48))
}

/// A page and the queries that look at it; `count` (1, 2, 3 or 6) is a constant in every call.
private struct Page {
    let queries: UnsafePointer<Float>
    let dimension: Int
    let keys: UnsafePointer<UInt16>
    let values: UnsafePointer<UInt16>
    let positionCounts: UnsafePointer<Int32>
    let scale: Float
    let scores: UnsafeMutablePointer<Float>
    let sums: UnsafeMutablePointer<Float>
    let states: UnsafeMutablePointer<SIMD2<Float>>

    @_transparent
    func attend(_ count: Int) {
        score(count)
        var (positionCount, corrections) = (0, SIMD8<Float>())
        for query in 0..<count {
            corrections[query] = weigh(query)
            positionCount = max(positionCount, Int(positionCounts[query]))
        }
        var element = 0
        while element &+ 64 <= dimension {
            accumulate(count, element, positionCount, corrections)
            element &+= 64
        }
        while element < dimension {
            for query in 0..<count { accumulateSixteen(query, element, positionCount, corrections[query]) }
            element &+= 16
        }
    }

    /// scores[q][p] = sum over elements of query[q][e] * keys[e][p], for all positions of the page.
    @_transparent
    private func score(_ count: Int) {
        var (q0, q1, q2, q3, q4, q5) = (Sums(), Sums(), Sums(), Sums(), Sums(), Sums())
        for element in 0..<dimension {
            let key = run(keys + element &* positionsPerPage)
            let query = queries + element
            q0.add(key, times: query[0])
            if count > 1 { q1.add(key, times: query[dimension]) }
            if count > 2 { q2.add(key, times: query[2 &* dimension]) }
            if count > 3 {
                q3.add(key, times: query[3 &* dimension])
                q4.add(key, times: query[4 &* dimension])
                q5.add(key, times: query[5 &* dimension])
            }
        }
        q0.store(scores)
        if count > 1 { q1.store(scores + positionsPerPage) }
        if count > 2 { q2.store(scores + 2 &* positionsPerPage) }
        if count > 3 {
            q3.store(scores + 3 &* positionsPerPage)
            q4.store(scores + 4 &* positionsPerPage)
            q5.store(scores + 5 &* positionsPerPage)
        }
    }

    /// Turns a query's scores into weights relative to the highest score so far, zeros past its positions; returns the
    /// factor that earlier weights take.
    @inline(__always)
    private func weigh(_ query: Int) -> Float {
        let (scores, count) = (scores + query &* positionsPerPage, Int(positionCounts[query]))
        let scales = _mm512_set1_ps(scale)
        var largest = _mm512_set1_ps(-Float.infinity)
        for position in stride(from: 0, to: positionsPerPage, by: 16) {
            let scaled = _mm512_mul_ps(_mm512_loadu_ps(scores + position), scales)
            largest = _mm512_mask_max_ps(largest, lanes(position, count), largest, scaled)
        }
        let state = states[query]
        let highest = max(state[0], _mm512_reduce_max_ps(largest))
        var total = _mm512_setzero_ps()
        for position in stride(from: 0, to: positionsPerPage, by: 16) {
            let scaled = _mm512_mul_ps(_mm512_loadu_ps(scores + position), scales)
            let powers = exponential(_mm512_sub_ps(scaled, _mm512_set1_ps(highest)))
            let weights = _mm512_maskz_mov_ps(lanes(position, count), powers)
            _mm512_storeu_ps(scores + position, weights)
            total = _mm512_add_ps(total, weights)
        }
        let correction = exponentialOfOne(state[0] - highest)
        states[query] = SIMD2(highest, state[1] * correction + _mm512_reduce_add_ps(total))
        return correction
    }

    /// sum[q][e] = correction[q] * sum[q][e] + sum over positions of weights[q][p] * values[p][e], for 64 elements.
    @_transparent
    private func accumulate(_ count: Int, _ element: Int, _ positionCount: Int, _ corrections: SIMD8<Float>) {
        let target = sums + element
        var q0 = Sums(target, times: corrections[0])
        var (q1, q2, q3, q4, q5) = (Sums(), Sums(), Sums(), Sums(), Sums())
        if count > 1 { q1 = Sums(target + dimension, times: corrections[1]) }
        if count > 2 { q2 = Sums(target + 2 &* dimension, times: corrections[2]) }
        if count > 3 {
            q3 = Sums(target + 3 &* dimension, times: corrections[3])
            q4 = Sums(target + 4 &* dimension, times: corrections[4])
            q5 = Sums(target + 5 &* dimension, times: corrections[5])
        }
        for position in 0..<positionCount {
            let value = run(values + (position &* dimension &+ element))
            let weight = scores + position
            q0.add(value, times: weight[0])
            if count > 1 { q1.add(value, times: weight[positionsPerPage]) }
            if count > 2 { q2.add(value, times: weight[2 &* positionsPerPage]) }
            if count > 3 {
                q3.add(value, times: weight[3 &* positionsPerPage])
                q4.add(value, times: weight[4 &* positionsPerPage])
                q5.add(value, times: weight[5 &* positionsPerPage])
            }
        }
        q0.store(target)
        if count > 1 { q1.store(target + dimension) }
        if count > 2 { q2.store(target + 2 &* dimension) }
        if count > 3 {
            q3.store(target + 3 &* dimension)
            q4.store(target + 4 &* dimension)
            q5.store(target + 5 &* dimension)
        }
    }

    /// The same for 16 elements of one query.
    @inline(__always)
    private func accumulateSixteen(_ query: Int, _ element: Int, _ positionCount: Int, _ correction: Float) {
        let (target, weights) = (sums + (query &* dimension &+ element), scores + query &* positionsPerPage)
        var total = _mm512_mul_ps(_mm512_loadu_ps(target), _mm512_set1_ps(correction))
        for position in 0..<positionCount {
            let value = halves(values + (position &* dimension &+ element))
            total = _mm512_fmadd_ps(_mm512_set1_ps(weights[position]), value, total)
        }
        _mm512_storeu_ps(target, total)
    }
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
