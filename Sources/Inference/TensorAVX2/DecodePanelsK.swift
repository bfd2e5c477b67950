import CIntrinsics

// Decoders of panels of GGML's 256-element formats, as in DecodePanels.swift. A block has 64 words of four columns.

extension AVX2 {
    @export(interface)
    public static func decodePanelQ4_K(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups
    ) {
        for block in 0..<blockCount {
            for row in 0..<2 {
                let source = panel + (block &* 2304 &+ row &* 32)
                let group = block &* 128 &+ row &* 8
                // Three words of scales, 32 of nibbles.
                decodeGroups(source, panel + (block &* 2304 &+ 2240 &+ row &* 16), scales + group, minimums + group)
                for word in 0..<32 {
                    let pairs = register(source + (192 &+ word &* 64))
                    let target = codes + (block &* 4096 &+ row &* 32 &+ (word >> 3 &* 16 &+ word & 7) &* 64)
                    store(low(pairs), target)
                    store(high(pairs), target + 512)
                }
            }
        }
    }

    @export(interface)
    public static func decodePanelQ5_K(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups
    ) {
        for block in 0..<blockCount {
            for row in 0..<2 {
                let source = panel + (block &* 2816 &+ row &* 32)
                let group = block &* 128 &+ row &* 8
                // Three words of scales, eight of fifth bits, 32 of nibbles.
                decodeGroups(source, panel + (block &* 2816 &+ 2752 &+ row &* 16), scales + group, minimums + group)
                for word in 0..<32 {
                    let pairs = register(source + (704 &+ word &* 64))
                    let fifthBits = register(source + (192 &+ (word & 7) &* 64))
                    let shift = Int32(truncatingIfNeeded: word >> 3 &* 2)
                    let target = codes + (block &* 4096 &+ row &* 32 &+ (word >> 3 &* 16 &+ word & 7) &* 64)
                    store(_mm256_or_si256(low(pairs), upperBits(fifthBits, shift, 0x10)), target)
                    store(_mm256_or_si256(high(pairs), upperBits(fifthBits, shift &+ 1, 0x10)), target + 512)
                }
            }
        }
    }

    @export(interface)
    public static func decodePanelQ6_K(
        _ panel: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups
    ) {
        for block in 0..<blockCount {
            for row in 0..<2 {
                // 32 words of nibbles, 16 of upper bits, four of scales.
                let source = panel + (block &* 3360 &+ row &* 32)
                let scaleOfScales = halves(panel + (block &* 3360 &+ 3328 &+ row &* 16))
                for group in 0..<16 {
                    let word = register(source + (3072 &+ group >> 2 &* 64))
                    let up = _mm_cvtsi32_si128(Int32(truncatingIfNeeded: 24 &- (group & 3) &* 8))
                    let signed = _mm256_srai_epi32(_mm256_sll_epi32(word, up), 24)
                    let scale = _mm256_mul_ps(scaleOfScales, _mm256_cvtepi32_ps(signed))
                    let place = (block &* 16 &+ group) &* 16 &+ row &* 8
                    _mm256_storeu_ps(scales + place, scale)
                    _mm256_storeu_ps(minimums + place, _mm256_mul_ps(scale, _mm256_set1_ps(-32)))
                }
                for word in 0..<16 {
                    let (half, column) = (word >> 3, word & 7)
                    let first = register(source + (half &* 16 &+ column) &* 64)
                    let second = register(source + (half &* 16 &+ 8 &+ column) &* 64)
                    let pairs = register(source + (32 &+ word) &* 64)
                    let target = codes + (block &* 4096 &+ row &* 32 &+ (half &* 32 &+ column) &* 64)
                    store(_mm256_or_si256(low(first), upperBits(pairs, 0, 0x30)), target)
                    store(_mm256_or_si256(low(second), upperBits(pairs, 2, 0x30)), target + 512)
                    store(_mm256_or_si256(high(first), upperBits(pairs, 4, 0x30)), target + 1024)
                    store(_mm256_or_si256(high(second), upperBits(pairs, 6, 0x30)), target + 1536)
                }
            }
        }
    }
}

/// The six-bit scales and minimums of eight rows' Q4_K or Q5_K block (three words a row) times the block's two factors.
@inline(__always)
private func decodeGroups(
    _ words: UnsafeRawPointer, _ factors: UnsafeRawPointer, _ scales: Groups, _ minimums: Groups
) {
    let scaleOfScales = halves(factors)
    let scaleOfMinimums = _mm256_sub_ps(_mm256_setzero_ps(), halves(factors + 32))
    let (first, second, third) = (register(words), register(words + 64), register(words + 128))
    let (lower6, lower4) = (_mm256_set1_epi32(0x3f3f_3f3f), _mm256_set1_epi32(0x0f0f_0f0f))
    @inline(__always)
    func upper2(_ word: __m256i) -> __m256i {
        _mm256_slli_epi32(_mm256_and_si256(_mm256_srli_epi32(word, 6), _mm256_set1_epi32(0x0303_0303)), 4)
    }
    let lowScales = _mm256_and_si256(first, lower6)
    let lowMinimums = _mm256_and_si256(second, lower6)
    let highScales = _mm256_or_si256(_mm256_and_si256(third, lower4), upper2(first))
    let highMinimums = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi32(third, 4), lower4), upper2(second))
    for group in 0..<4 {
        let shift = _mm_cvtsi32_si128(Int32(truncatingIfNeeded: group &* 8))
        @inline(__always)
        func byte(_ words: __m256i, _ factor: __m256) -> __m256 {
            let bytes = _mm256_and_si256(_mm256_srl_epi32(words, shift), _mm256_set1_epi32(255))
            return _mm256_mul_ps(factor, _mm256_cvtepi32_ps(bytes))
        }
        let (low, high) = (group &* 16, (group &+ 4) &* 16)
        _mm256_storeu_ps(scales + low, byte(lowScales, scaleOfScales))
        _mm256_storeu_ps(scales + high, byte(highScales, scaleOfScales))
        _mm256_storeu_ps(minimums + low, byte(lowMinimums, scaleOfMinimums))
        _mm256_storeu_ps(minimums + high, byte(highMinimums, scaleOfMinimums))
    }
}

/// Two bits of every byte from bit `shift` on, as bits 4 and 5 of `mask` (0x30 keeps both, 0x10 the lower one).
@inline(__always)
func upperBits(_ bytes: __m256i, _ shift: Int32, _ mask: Int8) -> __m256i {
    let shifted = _mm256_slli_epi16(_mm256_srli_epi16(bytes, shift), 4)
    return _mm256_and_si256(shifted, _mm256_set1_epi8(mask))
}
