import CIntrinsics

extension AVX2 {
    // SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.

    /// Quantizes a row into its place in a tile; see `Kernels.quantize` in module Tensor, with which it agrees exactly.
    ///
    /// - Parameters:
    ///   - values: `blockCount` blocks of 32 floats; those taken apart are zero for the time of the call.
    ///   - magnitudes: room for one a block.
    ///   - target: the row's word in the first block of its tile.
    ///   - width: tokens of the tile.
    @export(interface)
    public static func quantizeRow(
        _ values: UnsafeMutablePointer<Float>, _ blockCount: Int, _ magnitudes: UnsafeMutablePointer<Float>,
        _ outliers: UnsafeMutablePointer<activation_outlier>, _ outlierCount: Int,
        _ target: UnsafeMutableRawPointer, _ width: Int
    ) {
        for block in 0..<blockCount { magnitudes[block] = magnitude(values + block &* blockColumns) }
        for index in 0..<outlierCount {
            let place = largest(magnitudes, blockCount)
            let block = values + place &* blockColumns
            let column = place &* blockColumns &+ position(of: magnitudes[place], block)
            outliers[index] = activation_outlier(
                value: values[column], column: Int32(truncatingIfNeeded: column),
                selector: 1 &<< (Int32(column & 3) &* 8))
            values[column] = 0
            magnitudes[place] = magnitude(block)
        }
        for block in 0..<blockCount {
            quantizeBlock(values + block &* blockColumns, magnitudes[block], target + block &* width &* 48, width)
        }
        // In reverse: where there are fewer elements than outliers, later ones name an earlier one's column.
        for index in stride(from: outlierCount &- 1, through: 0, by: -1) {
            let (value, column) = (outliers[index].value, Int(outliers[index].column))
            let block = target + (column >> 5) &* width &* 48
            values[column] = value
            storeFloat(block.load(fromByteOffset: 36 &* width, as: Float.self) + value, block, 36 &* width)
            if column & 16 == 0 {
                storeFloat(block.load(fromByteOffset: 40 &* width, as: Float.self) + value, block, 40 &* width)
            }
        }
    }
}

private let blockColumns = 32

/// The index of the largest number, of equal ones the first.
@inline(__always)
private func largest(_ numbers: UnsafePointer<Float>, _ count: Int) -> Int {
    var most = _mm256_setzero_ps()
    for index in stride(from: 0, to: count, by: 8) {
        most = _mm256_max_ps(most, _mm256_maskload_ps(numbers + index, firstLanes(count &- index)))
    }
    let wanted = maximum(most)
    for index in 0..<count where numbers[index] == wanted { return index }
    return 0
}

/// The first of 32 floats that has a magnitude.
@inline(__always)
private func position(of magnitude: Float, _ source: UnsafePointer<Float>) -> Int {
    let sign = _mm256_set1_ps(-0.0)
    for offset in stride(from: 0, to: blockColumns, by: 8) {
        let magnitudes = _mm256_andnot_ps(sign, _mm256_loadu_ps(source + offset))
        let lanes = _mm256_movemask_ps(equal_lanes(magnitudes, _mm256_set1_ps(magnitude)))
        if lanes != 0 { return offset &+ lanes.trailingZeroBitCount }
    }
    return 0
}

// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
private func storeFloat(_ value: Float, _ target: UnsafeMutableRawPointer, _ offset: Int) {
    target.storeBytes(of: value, toByteOffset: offset, as: Float.self)
}

/// The largest magnitude of 32 floats.
@inline(__always)
private func magnitude(_ source: UnsafePointer<Float>) -> Float {
    let sign = _mm256_set1_ps(-0.0)
    @inline(__always)
    func magnitudes(_ offset: Int) -> __m256 { _mm256_andnot_ps(sign, _mm256_loadu_ps(source + offset)) }
    let low = _mm256_max_ps(magnitudes(0), magnitudes(8))
    return maximum(_mm256_max_ps(low, _mm256_max_ps(magnitudes(16), magnitudes(24))))
}

/// Quantizes 32 floats of a known largest magnitude.
///
/// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
private func quantizeBlock(
    _ source: UnsafePointer<Float>, _ largest: Float, _ target: UnsafeMutableRawPointer, _ width: Int
) {
    let scale = largest / 127
    let inverse = _mm256_set1_ps(largest > 0 ? 127 / largest : 0)
    let c0 = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(source), inverse))
    let c1 = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(source + 8), inverse))
    let c2 = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(source + 16), inverse))
    let c3 = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(source + 24), inverse))
    let (low, high) = (_mm256_packs_epi32(c0, c1), _mm256_packs_epi32(c2, c3))
    let ones = _mm256_set1_epi16(1)
    let pairs = _mm256_hadd_epi32(_mm256_madd_epi16(low, ones), _mm256_madd_epi16(high, ones))
    let quads = _mm256_hadd_epi32(pairs, pairs)
    let sums = _mm_cvtsi128_si64(_mm_add_epi32(_mm256_castsi256_si128(quads), upper_half_integer(quads)))
    let lowSum = Int32(truncatingIfNeeded: sums)
    let codeSum = lowSum &+ Int32(truncatingIfNeeded: sums >> 32)
    storeFloat(scale, target, 32 &* width)
    storeFloat(Float(codeSum) * scale, target, 36 &* width)
    storeFloat(Float(lowSum) * scale, target, 40 &* width)
    target.storeBytes(of: codeSum &* -8, toByteOffset: 44 &* width, as: Int32.self)

    // Packing works within 128-bit lanes; the permutation puts the groups of four bytes back in order.
    let bytes = _mm256_packs_epi16(low, high)
    let ordered = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
    if width == 1 {
        _mm256_storeu_si256(target.assumingMemoryBound(to: __m256i.self), ordered)
    } else {
        storeWords(_mm256_castsi256_si128(ordered), target, width)
        storeWords(upper_half_integer(ordered), target + 16 &* width, width)
    }
}

/// Stores four words of a token where the other tokens of its tile leave room.
///
/// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
private func storeWords(_ words: __m128i, _ target: UnsafeMutableRawPointer, _ width: Int) {
    let (low, high) = (_mm_cvtsi128_si64(words), _mm_cvtsi128_si64(_mm_unpackhi_epi64(words, words)))
    target.storeBytes(of: Int32(truncatingIfNeeded: low), as: Int32.self)
    target.storeBytes(of: Int32(truncatingIfNeeded: low >> 32), toByteOffset: 4 &* width, as: Int32.self)
    target.storeBytes(of: Int32(truncatingIfNeeded: high), toByteOffset: 8 &* width, as: Int32.self)
    target.storeBytes(of: Int32(truncatingIfNeeded: high >> 32), toByteOffset: 12 &* width, as: Int32.self)
}
