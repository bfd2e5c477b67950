import CIntrinsics

// Decoders of GGML's 256-element formats, as in Decode.swift.

extension AVX2 {
    // SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.

    @export(interface)
    public static func decodeQ4_K(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
        _ stride: Int
    ) {
        for block in 0..<blockCount {
            let bytes = source + block &* 144
            let firstGroup = block &* 8 &* stride
            decodeGroups(bytes, scales + firstGroup, minimums + firstGroup, stride)
            for run in 0..<4 {
                let pairs = register(bytes + (16 &+ run &* 32))
                let target = codes + (block &* 256 &+ run &* 64)
                store(low(pairs), target)
                store(high(pairs), target + 32)
            }
        }
    }

    @export(interface)
    public static func decodeQ5_K(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
        _ stride: Int
    ) {
        for block in 0..<blockCount {
            let bytes = source + block &* 176
            let firstGroup = block &* 8 &* stride
            decodeGroups(bytes, scales + firstGroup, minimums + firstGroup, stride)
            let fifthBits = register(bytes + 16)
            for run in 0..<4 {
                let pairs = register(bytes + (48 &+ run &* 32))
                let target = codes + (block &* 256 &+ run &* 64)
                let shift = Int32(truncatingIfNeeded: run &* 2)
                store(_mm256_or_si256(low(pairs), upperBits(fifthBits, shift, 0x10)), target)
                store(_mm256_or_si256(high(pairs), upperBits(fifthBits, shift &+ 1, 0x10)), target + 32)
            }
        }
    }

    @export(interface)
    public static func decodeQ6_K(
        _ source: UnsafeRawPointer, _ blockCount: Int, _ codes: Codes, _ scales: Groups, _ minimums: Groups,
        _ stride: Int
    ) {
        for block in 0..<blockCount {
            let bytes = source + block &* 210
            let scaleOfScales = binary16(bytes, 208)
            for group in 0..<16 {
                let scale = scaleOfScales * Float(bytes.load(fromByteOffset: 192 &+ group, as: Int8.self))
                let index = (block &* 16 &+ group) &* stride
                scales[index] = scale
                minimums[index] = -32 * scale
            }
            for half in 0..<2 {
                let first = register(bytes + half &* 64)
                let second = register(bytes + (half &* 64 &+ 32))
                let pairs = register(bytes + (128 &+ half &* 32))
                let target = codes + (block &* 256 &+ half &* 128)
                store(_mm256_or_si256(low(first), upperBits(pairs, 0, 0x30)), target)
                store(_mm256_or_si256(low(second), upperBits(pairs, 2, 0x30)), target + 32)
                store(_mm256_or_si256(high(first), upperBits(pairs, 4, 0x30)), target + 64)
                store(_mm256_or_si256(high(second), upperBits(pairs, 6, 0x30)), target + 96)
            }
        }
    }
}

/// The six-bit scales and minimums of Q4_K and Q5_K times the block's two factors.
///
/// SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.
@inline(__always)
private func decodeGroups(_ bytes: UnsafeRawPointer, _ scales: Groups, _ minimums: Groups, _ stride: Int) {
    let scaleOfScales = binary16(bytes, 0)
    let scaleOfMinimums = -binary16(bytes, 2)
    // Three 32-bit words hold the 12 bytes; each step below handles four groups in the bytes of one word.
    let first = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    let second = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    let third = bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
    let lowScales = first & 0x3f3f_3f3f
    let lowMinimums = second & 0x3f3f_3f3f
    let highScales = third & 0x0f0f_0f0f | (first >> 6 & 0x0303_0303) << 4
    let highMinimums = third >> 4 & 0x0f0f_0f0f | (second >> 6 & 0x0303_0303) << 4
    for group in 0..<4 {
        let shift = UInt32(truncatingIfNeeded: group &* 8)
        let (low, high) = (group &* stride, (group &+ 4) &* stride)
        scales[low] = scaleOfScales * byte(lowScales, shift)
        scales[high] = scaleOfScales * byte(highScales, shift)
        minimums[low] = scaleOfMinimums * byte(lowMinimums, shift)
        minimums[high] = scaleOfMinimums * byte(highMinimums, shift)
    }
}

@inline(__always)
private func byte(_ word: UInt32, _ shift: UInt32) -> Float {
    Float(Int32(truncatingIfNeeded: word &>> shift & 0xff))
}
