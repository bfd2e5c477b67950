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

/// Running sums of a product.
private struct Sum {
    var products = _mm256_setzero_ps()
    var minimums: Float = 0

    /// Adds 32 elements with one scale and minimum.
    @inline(__always)
    mutating func add(
        _ codes: UnsafePointer<UInt8>, _ scale: Float, _ minimum: Float,
        _ activations: UnsafePointer<Int8>, _ record: UnsafePointer<SIMD4<Float>>
    ) {
        let terms = _mm256_cvtepi32_ps(TensorAVX2.products(codes, activations))
        let (activationScale, sum) = (record.pointee[0], record.pointee[1])
        products = _mm256_fmadd_ps(terms, _mm256_set1_ps(scale * activationScale), products)
        minimums += (minimum + 128 * scale) * sum
    }

    /// Adds 32 elements with one scale and minimum for each 16: lanes 0-3 of the products belong to the first.
    @inline(__always)
    mutating func addHalves(
        _ codes: UnsafePointer<UInt8>, _ scales: UnsafePointer<Float>, _ minimum: UnsafePointer<Float>,
        _ activations: UnsafePointer<Int8>, _ record: UnsafePointer<SIMD4<Float>>
    ) {
        let terms = _mm256_cvtepi32_ps(TensorAVX2.products(codes, activations))
        let activation = record.pointee
        let (low, high) = (scales[0], scales[1])
        let factors = _mm256_set_m128(_mm_set1_ps(high * activation[0]), _mm_set1_ps(low * activation[0]))
        products = _mm256_fmadd_ps(terms, factors, products)
        minimums += (minimum[0] + 128 * low) * activation[2] + (minimum[1] + 128 * high) * activation[3]
    }

    @inline(__always)
    var total: Float { sum(products) + minimums }
}

/// The product of a run of decoded weights, one scale and minimum per 32, with quantized activations and their refined
/// blocks (see `Activations` in module Tensor; blocks outside the run are left out).
@export(interface)
public func dotGroupsOf32(
    _ codes: UnsafePointer<UInt8>, _ scales: UnsafePointer<Float>, _ minimums: UnsafePointer<Float>,
    _ firstBlock: Int, _ blockCount: Int, _ activations: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>,
    _ refinementCount: Int, _ refinedBlocks: UnsafePointer<Int32>,
    _ refinedCodes: UnsafePointer<Int8>, _ refinedRecords: UnsafePointer<SIMD4<Float>>
) -> Float {
    var sum = Sum()
    for block in 0..<blockCount {
        sum.add(codes + block &* 32, scales[block], minimums[block], activations + block &* 32, records + block)
    }
    for index in 0..<refinementCount {
        let block = Int(refinedBlocks[index]) &- firstBlock
        guard block >= 0 && block < blockCount else { continue }
        sum.add(
            codes + block &* 32, scales[block], minimums[block], refinedCodes + index &* 32, refinedRecords + index)
    }
    return sum.total
}

/// The same with one scale and minimum per 16.
@export(interface)
public func dotGroupsOf16(
    _ codes: UnsafePointer<UInt8>, _ scales: UnsafePointer<Float>, _ minimums: UnsafePointer<Float>,
    _ firstBlock: Int, _ blockCount: Int, _ activations: UnsafePointer<Int8>, _ records: UnsafePointer<SIMD4<Float>>,
    _ refinementCount: Int, _ refinedBlocks: UnsafePointer<Int32>,
    _ refinedCodes: UnsafePointer<Int8>, _ refinedRecords: UnsafePointer<SIMD4<Float>>
) -> Float {
    var sum = Sum()
    for block in 0..<blockCount {
        sum.addHalves(
            codes + block &* 32, scales + block &* 2, minimums + block &* 2, activations + block &* 32, records + block)
    }
    for index in 0..<refinementCount {
        let block = Int(refinedBlocks[index]) &- firstBlock
        guard block >= 0 && block < blockCount else { continue }
        sum.addHalves(
            codes + block &* 32, scales + block &* 2, minimums + block &* 2, refinedCodes + index &* 32,
            refinedRecords + index)
    }
    return sum.total
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
