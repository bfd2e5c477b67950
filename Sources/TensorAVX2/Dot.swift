import CIntrinsics

/// Eight partial sums of the products of 32 unsigned codes with 32 signed ones, exact for all values.
///
/// `vpmaddubsw` saturates for codes above 128, so codes are taken as signed (`code - 128`) by the sign trick: |w| * (a
/// with w's sign). The callers give the 128 back through the group's minimum.
@inline(__always)
private func products(_ codes: UnsafePointer<UInt8>, _ activations: UnsafePointer<Int8>) -> __m256i {
    let unsigned = _mm256_loadu_si256(UnsafeRawPointer(codes).assumingMemoryBound(to: __m256i.self))
    let signed = _mm256_xor_si256(unsigned, _mm256_set1_epi8(-128))
    let activation = _mm256_loadu_si256(UnsafeRawPointer(activations).assumingMemoryBound(to: __m256i.self))
    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(signed), _mm256_sign_epi8(activation, signed))
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))
}

/// The product of decoded weights, one scale and minimum per 32, with quantized activations.
@export(interface)
public func dotGroupsOf32(
    _ codes: UnsafePointer<UInt8>, _ scales: UnsafePointer<Float>, _ minimums: UnsafePointer<Float>, _ blockCount: Int,
    _ activations: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>
) -> Float {
    var total = _mm256_setzero_ps()
    var minimumTotal: Float = 0
    for block in 0..<blockCount {
        let terms = _mm256_cvtepi32_ps(products(codes + block &* 32, activations + block &* 32))
        let record = records[block]
        let scale = scales[block]
        total = _mm256_fmadd_ps(terms, _mm256_set1_ps(scale * record[0]), total)
        minimumTotal += (minimums[block] + 128 * scale) * record[1]
    }
    return sum(total) + minimumTotal
}

/// The same with one scale and minimum per 16: lanes 0-3 of the products belong to the first group, 4-7 to the second.
@export(interface)
public func dotGroupsOf16(
    _ codes: UnsafePointer<UInt8>, _ scales: UnsafePointer<Float>, _ minimums: UnsafePointer<Float>, _ blockCount: Int,
    _ activations: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>
) -> Float {
    var total = _mm256_setzero_ps()
    var minimumTotal: Float = 0
    for block in 0..<blockCount {
        let terms = _mm256_cvtepi32_ps(products(codes + block &* 32, activations + block &* 32))
        let record = records[block]
        let (low, high) = (scales[block &* 2], scales[block &* 2 &+ 1])
        let scale = _mm256_set_m128(_mm_set1_ps(high * record[0]), _mm_set1_ps(low * record[0]))
        total = _mm256_fmadd_ps(terms, scale, total)
        minimumTotal += (minimums[block &* 2] + 128 * low) * record[2]
        minimumTotal += (minimums[block &* 2 &+ 1] + 128 * high) * record[3]
    }
    return sum(total) + minimumTotal
}

/// The product of two runs of floats.
@export(interface)
public func dotFloats(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) -> Float {
    var (first, second) = (_mm256_setzero_ps(), _mm256_setzero_ps())
    var index = 0
    while index &+ 16 <= count {
        first = _mm256_fmadd_ps(_mm256_loadu_ps(left + index), _mm256_loadu_ps(right + index), first)
        let next = index &+ 8
        second = _mm256_fmadd_ps(_mm256_loadu_ps(left + next), _mm256_loadu_ps(right + next), second)
        index &+= 16
    }
    var total = sum(_mm256_add_ps(first, second))
    while index < count {
        total += left[index] * right[index]
        index &+= 1
    }
    return total
}

/// Widens `count` binary16 numbers.
@export(interface)
public func widenBinary16(_ source: UnsafeRawPointer, _ count: Int, _ floats: UnsafeMutablePointer<Float>) {
    var index = 0
    while index &+ 8 <= count {
        let halves = _mm_loadu_si128((source + index &* 2).assumingMemoryBound(to: __m128i.self))
        _mm256_storeu_ps(floats + index, _mm256_cvtph_ps(halves))
        index &+= 8
    }
    while index < count {
        floats[index] = binary16(source, index &* 2)
        index &+= 1
    }
}
