import CIntrinsics

// Decoders of panels (see `PanelPacking` in module Tensor) of GGML's 32-element formats. The result has 512 bytes of
// codes a 32-column block, of each four columns 16 rows' side by side, and 16 scales and minimums a group.
// SAFETY: callers pass `blockCount` whole blocks of 16 rows and room for their codes and groups.

extension AVX2 {
    @export(interface)
    public static func decodePanelQ4_0(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups
    ) {
        decodeQ4(panel, blockCount, codes, scales, minimums, blockBytes: 288, zeroPoint: 8)
    }

    @export(interface)
    public static func decodePanelQ4_1(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups
    ) {
        decodeQ4(panel, blockCount, codes, scales, minimums, blockBytes: 320, zeroPoint: nil)
    }

    @export(interface)
    public static func decodePanelQ5_0(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups
    ) {
        decodeQ5(panel, blockCount, codes, scales, minimums, blockBytes: 352, zeroPoint: 16)
    }

    @export(interface)
    public static func decodePanelQ5_1(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups
    ) {
        decodeQ5(panel, blockCount, codes, scales, minimums, blockBytes: 384, zeroPoint: nil)
    }

    @export(interface)
    public static func decodePanelQ8_0(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups
    ) {
        for block in 0..<blockCount {
            let source = panel + block &* 544
            for offset in stride(from: 0, to: 512, by: 32) {
                let signed = register(source + offset)
                store(_mm256_xor_si256(signed, _mm256_set1_epi8(-128)), codes + (block &* 512 &+ offset))
            }
            decodeGroups(source + 512, zeroPoint: 128, scales + block &* 16, minimums + block &* 16)
        }
    }
}

// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
func register(_ source: UnsafeRawPointer) -> __m256i {
    _mm256_loadu_si256(source.assumingMemoryBound(to: __m256i.self))
}

@inline(__always)
func low(_ bytes: __m256i) -> __m256i {
    _mm256_and_si256(bytes, _mm256_set1_epi8(15))
}

@inline(__always)
func high(_ bytes: __m256i) -> __m256i {
    _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15))
}

/// Eight binary16 numbers.
///
/// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
func halves(_ source: UnsafeRawPointer) -> __m256 {
    _mm256_cvtph_ps(_mm_loadu_si128(source.assumingMemoryBound(to: __m128i.self)))
}

/// Sixteen scales, and the minimums that follow them or belong to a zero point.
@inline(__always)
private func decodeGroups(_ source: UnsafeRawPointer, zeroPoint: Float?, _ scales: Groups, _ minimums: Groups) {
    for row in 0..<2 {
        let scale = halves(source + row &* 16)
        _mm256_storeu_ps(scales + row &* 8, scale)
        let product = zeroPoint.map { _mm256_mul_ps(scale, _mm256_set1_ps(0 - $0)) }
        _mm256_storeu_ps(minimums + row &* 8, product ?? halves(source + (32 &+ row &* 16)))
    }
}

/// The nibbles of four words of 16 rows; `fifthBits` gives word k (0...7) of half a panel its fifth bits.
@inline(__always)
private func decodeNibbles(
    _ source: UnsafeRawPointer, _ codes: Codes, fifthBits: (_ word: Int, _ offset: Int) -> __m256i
) {
    for word in 0..<4 {
        for offset in [0, 32] {
            let bytes = register(source + (word &* 64 &+ offset))
            let target = codes + (word &* 64 &+ offset)
            store(_mm256_or_si256(low(bytes), fifthBits(word, offset)), target)
            store(_mm256_or_si256(high(bytes), fifthBits(word &+ 4, offset)), target + 256)
        }
    }
}

@inline(__always)
private func decodeQ4(
    _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
    blockBytes: Int, zeroPoint: Float?
) {
    for block in 0..<blockCount {
        let source = panel + block &* blockBytes
        decodeNibbles(source, codes + block &* 512) { _, _ in _mm256_setzero_si256() }
        decodeGroups(source + 256, zeroPoint: zeroPoint, scales + block &* 16, minimums + block &* 16)
    }
}

/// 16 in byte j of a row's word where bit `4 * word + j` of the row's `bits` is set.
@inline(__always)
private func fifthBits(_ bits: __m256i, _ word: Int) -> __m256i {
    let byte = Int8(truncatingIfNeeded: word >> 1)
    let rows = _mm256_setr_epi8(
        0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12, 0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12)
    let copies = _mm256_shuffle_epi8(bits, _mm256_add_epi8(rows, _mm256_set1_epi8(byte)))
    let wanted = _mm256_set1_epi32(word & 1 == 0 ? 0x0804_0201 : Int32(bitPattern: 0x8040_2010))
    let isSet = _mm256_cmpeq_epi8(_mm256_and_si256(copies, wanted), wanted)
    return _mm256_and_si256(isSet, _mm256_set1_epi8(16))
}

@inline(__always)
private func decodeQ5(
    _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
    blockBytes: Int, zeroPoint: Float?
) {
    for block in 0..<blockCount {
        let source = panel + block &* blockBytes
        decodeNibbles(source + 64, codes + block &* 512) { word, offset in fifthBits(register(source + offset), word) }
        decodeGroups(source + 320, zeroPoint: zeroPoint, scales + block &* 16, minimums + block &* 16)
    }
}
