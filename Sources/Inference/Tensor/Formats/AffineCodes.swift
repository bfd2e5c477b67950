/// The common form that every quantized format is decoded to: unsigned 8-bit codes, and for each group of consecutive
/// elements a scale and a minimum, so that an element is `scale * code + minimum`.
///
/// Formats with a fixed zero point (Q4_0, Q5_0, Q8_0, Q6_K) have `minimum = -zeroPoint * scale`. The layouts read here
/// are those of ggml's `block_*` structures. These functions are the definition of the formats; the AVX2 decoders are
/// tested against them.
struct AffineCodes {
    /// One byte an element.
    let codes: UnsafeMutablePointer<UInt8>
    /// One scale a group, `groupStride` apart.
    let scales: UnsafeMutablePointer<Float>
    /// One minimum a group, `groupStride` apart.
    let minimums: UnsafeMutablePointer<Float>
    /// Distance between neighbouring groups' scales: 1 in a row, the number of rows in a panel.
    let groupStride: Int

    // SAFETY: callers pass `blockCount` whole blocks of the format and room for as many elements and groups; both are
    // checked where a tensor view is made and where work space is sized.

    func decode(_ type: TensorType, _ source: UnsafeRawPointer, blockCount: Int) {
        for block in 0..<blockCount {
            let bytes = source + block * type.bytesPerBlock
            let element = block * type.elementsPerBlock
            switch type {
            case .f32, .f16, .bf16: preconditionFailure("floating-point tensors have no codes")
            case .q4_0: decodeQ4(bytes, element, hasMinimum: false)
            case .q4_1: decodeQ4(bytes, element, hasMinimum: true)
            case .q5_0: decodeQ5(bytes, element, hasMinimum: false)
            case .q5_1: decodeQ5(bytes, element, hasMinimum: true)
            case .q8_0: decodeQ8(bytes, element)
            case .q4_K: decodeQ4K(bytes, element)
            case .q5_K: decodeQ5K(bytes, element)
            case .q6_K: decodeQ6K(bytes, element)
            }
        }
    }

    private func setGroup(_ group: Int, scale: Float, minimum: Float) {
        scales[group * groupStride] = scale
        minimums[group * groupStride] = minimum
    }

    /// Q4_0: scale, 16 bytes of nibbles (low nibbles are the first half), zero point 8. Q4_1: a minimum after the
    /// scale.
    private func decodeQ4(_ bytes: UnsafeRawPointer, _ element: Int, hasMinimum: Bool) {
        let scale = bytes.float16(at: 0)
        setGroup(element / 32, scale: scale, minimum: hasMinimum ? bytes.float16(at: 2) : -8 * scale)
        let nibbles = hasMinimum ? 4 : 2
        for index in 0..<16 {
            let pair = bytes.byte(at: nibbles + index)
            codes[element + index] = pair & 15
            codes[element + 16 + index] = pair >> 4
        }
    }

    /// Q5_0: scale, 32 fifth bits (bit i belongs to element i), 16 bytes of nibbles, zero point 16. Q5_1: with a
    /// minimum.
    private func decodeQ5(_ bytes: UnsafeRawPointer, _ element: Int, hasMinimum: Bool) {
        let scale = bytes.float16(at: 0)
        setGroup(element / 32, scale: scale, minimum: hasMinimum ? bytes.float16(at: 2) : -16 * scale)
        let start = hasMinimum ? 4 : 2
        let fifthBits = bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)
        for index in 0..<16 {
            let pair = bytes.byte(at: start + 4 + index)
            let low = UInt8(truncatingIfNeeded: fifthBits >> UInt32(index)) & 1
            let high = UInt8(truncatingIfNeeded: fifthBits >> UInt32(index + 16)) & 1
            codes[element + index] = pair & 15 | low << 4
            codes[element + 16 + index] = pair >> 4 | high << 4
        }
    }

    /// Q8_0: scale, 32 signed bytes.
    private func decodeQ8(_ bytes: UnsafeRawPointer, _ element: Int) {
        let scale = bytes.float16(at: 0)
        setGroup(element / 32, scale: scale, minimum: -128 * scale)
        for index in 0..<32 { codes[element + index] = bytes.byte(at: 2 + index) ^ 0x80 }
    }

    /// The 8 six-bit scales and minimums that Q4_K and Q5_K pack into 12 bytes, times the block's two factors.
    private func decodeKGroups(_ bytes: UnsafeRawPointer, firstGroup: Int) {
        let scaleOfScales = bytes.float16(at: 0)
        let scaleOfMinimums = bytes.float16(at: 2)
        for group in 0..<8 {
            let packed = { bytes.byte(at: 4 + $0) }
            let scale: UInt8
            let minimum: UInt8
            if group < 4 {
                scale = packed(group) & 63
                minimum = packed(group + 4) & 63
            } else {
                scale = packed(group + 4) & 15 | (packed(group - 4) >> 6) << 4
                minimum = packed(group + 4) >> 4 | (packed(group) >> 6) << 4
            }
            setGroup(
                firstGroup + group, scale: scaleOfScales * Float(scale),
                minimum: -scaleOfMinimums * Float(minimum))
        }
    }

    /// Q4_K: two factors, 12 bytes of scales, 128 bytes of nibbles: each 32 bytes hold 32 elements low, the next 32
    /// high.
    private func decodeQ4K(_ bytes: UnsafeRawPointer, _ element: Int) {
        decodeKGroups(bytes, firstGroup: element / 32)
        for run in 0..<4 {
            for index in 0..<32 {
                let pair = bytes.byte(at: 16 + run * 32 + index)
                codes[element + run * 64 + index] = pair & 15
                codes[element + run * 64 + 32 + index] = pair >> 4
            }
        }
    }

    /// Q5_K: as Q4_K with 32 bytes of fifth bits between scales and nibbles: bit g of byte i belongs to element i of
    /// group g.
    private func decodeQ5K(_ bytes: UnsafeRawPointer, _ element: Int) {
        decodeKGroups(bytes, firstGroup: element / 32)
        for run in 0..<4 {
            for index in 0..<32 {
                let fifthBits = bytes.byte(at: 16 + index) >> UInt8(run * 2)
                let pair = bytes.byte(at: 48 + run * 32 + index)
                codes[element + run * 64 + index] = pair & 15 | (fifthBits & 1) << 4
                codes[element + run * 64 + 32 + index] = pair >> 4 | (fifthBits >> 1 & 1) << 4
            }
        }
    }

    /// Q6_K: 128 bytes of nibbles, 64 bytes of upper bit pairs, 16 signed scales, one factor; zero point 32.
    private func decodeQ6K(_ bytes: UnsafeRawPointer, _ element: Int) {
        let scaleOfScales = bytes.float16(at: 208)
        for group in 0..<16 {
            let scale = scaleOfScales * Float(Int8(bitPattern: bytes.byte(at: 192 + group)))
            setGroup(element / 16 + group, scale: scale, minimum: -32 * scale)
        }
        for half in 0..<2 {
            for index in 0..<32 {
                let first = bytes.byte(at: half * 64 + index)
                let second = bytes.byte(at: half * 64 + 32 + index)
                let pairs = bytes.byte(at: 128 + half * 32 + index)
                let start = element + half * 128 + index
                codes[start] = first & 15 | (pairs & 3) << 4
                codes[start + 32] = second & 15 | (pairs >> 2 & 3) << 4
                codes[start + 64] = first >> 4 | (pairs >> 4 & 3) << 4
                codes[start + 96] = second >> 4 | (pairs >> 6) << 4
            }
        }
    }
}

extension UnsafeRawPointer {
    /// The binary16 number `offset` bytes on, which need not be aligned.
    func float16(at offset: Int) -> Float {
        HalfPrecision.float(fromBinary16: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    func byte(at offset: Int) -> UInt8 {
        load(fromByteOffset: offset, as: UInt8.self)
    }
}
