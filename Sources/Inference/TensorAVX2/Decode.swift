import CIntrinsics

// Decoders of GGML's 32-element formats to codes, scales and minimums. Layouts and meaning are those of
// `AffineCodes` in module Tensor, which defines them.
// SAFETY: callers pass `blockCount` whole blocks and room for 32 codes and one group a block.

extension AVX2 {
    // SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.

    @export(interface)
    public static func decodeQ4_0(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
        _ stride: Int
    ) {
        for block in 0..<blockCount {
            let bytes = source + block &* 18
            let scale = binary16(bytes, 0)
            scales[block &* stride] = scale
            minimums[block &* stride] = -8 * scale
            store(nibbles(bytes + 2), codes + block &* 32)
        }
    }

    @export(interface)
    public static func decodeQ4_1(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
        _ stride: Int
    ) {
        for block in 0..<blockCount {
            let bytes = source + block &* 20
            scales[block &* stride] = binary16(bytes, 0)
            minimums[block &* stride] = binary16(bytes, 2)
            store(nibbles(bytes + 4), codes + block &* 32)
        }
    }

    @export(interface)
    public static func decodeQ5_0(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
        _ stride: Int
    ) {
        for block in 0..<blockCount {
            let bytes = source + block &* 22
            let scale = binary16(bytes, 0)
            scales[block &* stride] = scale
            minimums[block &* stride] = -16 * scale
            let upper = fifthBits(bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
            store(_mm256_or_si256(nibbles(bytes + 6), upper), codes + block &* 32)
        }
    }

    @export(interface)
    public static func decodeQ5_1(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
        _ stride: Int
    ) {
        for block in 0..<blockCount {
            let bytes = source + block &* 24
            scales[block &* stride] = binary16(bytes, 0)
            minimums[block &* stride] = binary16(bytes, 2)
            let upper = fifthBits(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            store(_mm256_or_si256(nibbles(bytes + 8), upper), codes + block &* 32)
        }
    }

    @export(interface)
    public static func decodeQ8_0(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
        _ stride: Int
    ) {
        for block in 0..<blockCount {
            let bytes = source + block &* 34
            let scale = binary16(bytes, 0)
            scales[block &* stride] = scale
            minimums[block &* stride] = -128 * scale
            let signed = _mm256_loadu_si256((bytes + 2).assumingMemoryBound(to: __m256i.self))
            store(_mm256_xor_si256(signed, _mm256_set1_epi8(-128)), codes + block &* 32)
        }
    }
}

public typealias Codes = UnsafeMutablePointer<UInt8>
public typealias Groups = UnsafeMutablePointer<Float>

// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
func binary16(_ source: UnsafeRawPointer, _ offset: Int) -> Float {
    _cvtsh_ss(source.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
}

/// The low nibbles of 16 bytes, then the high ones: 32 codes.
///
/// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
private func nibbles(_ source: UnsafeRawPointer) -> __m256i {
    let bytes = _mm_loadu_si128(source.assumingMemoryBound(to: __m128i.self))
    let both = _mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes)
    return _mm256_and_si256(both, _mm256_set1_epi8(15))
}

/// 16 in byte i where bit i is set.
@inline(__always)
private func fifthBits(_ bits: UInt32) -> __m256i {
    let copies = _mm256_set1_epi32(Int32(bitPattern: bits))
    let byteOfElement = _mm256_setr_epi64x(
        0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303)
    let bitOfElement = _mm256_set1_epi64x(Int64(bitPattern: 0x8040_2010_0804_0201))
    let spread = _mm256_and_si256(_mm256_shuffle_epi8(copies, byteOfElement), bitOfElement)
    return _mm256_and_si256(_mm256_cmpeq_epi8(spread, bitOfElement), _mm256_set1_epi8(16))
}

// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
func store(_ codes: __m256i, _ target: Codes) {
    _mm256_storeu_si256(UnsafeMutableRawPointer(target).assumingMemoryBound(to: __m256i.self), codes)
}
