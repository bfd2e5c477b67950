/// IEEE 754 binary16 and bfloat16 in terms of Float, without the run-time library calls that Swift's Float16 needs on
/// processors without F16C.
enum HalfPrecision {
    /// The value of a binary16 number: exact, subnormals, infinities and NaN included.
    @inline(__always)
    static func float(fromBinary16 bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7fff)
        if magnitude >= 0x7c00 { return Float(bitPattern: sign | 0x7f80_0000 | (magnitude & 0x3ff) << 13) }
        // Shifted into Float's fields the exponent is 112 too small; one multiplication puts that right and, being
        // exact, normalises subnormals as well.
        let twoToThe112 = Float(bitPattern: (127 + 112) << 23)
        let scaled = Float(bitPattern: magnitude << 13) * twoToThe112
        return Float(bitPattern: sign | scaled.bitPattern)
    }

    /// The binary16 number nearest to `value`, ties to even; what is too large becomes infinity.
    @inline(__always)
    static func binary16(from value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        let magnitude = bits & 0x7fff_ffff
        if magnitude > 0x7f80_0000 { return sign | 0x7e00 }
        // 65520 and above round to infinity.
        if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
        if magnitude < 0x3880_0000 {
            // Subnormal: adding 0.5 lines the last kept bit up with Float's own rounding.
            let half = Float(bitPattern: magnitude) + 0.5
            return sign | UInt16(truncatingIfNeeded: half.bitPattern &- Float(0.5).bitPattern)
        }
        let oddness = (magnitude >> 13) & 1
        let rounded = magnitude &+ 0xfff &+ oddness
        return sign | UInt16(truncatingIfNeeded: (rounded &- (112 << 23)) >> 13)
    }

    /// The value of a bfloat16 number: the upper half of a Float.
    @inline(__always)
    static func float(fromBrain16 bits: UInt16) -> Float {
        Float(bitPattern: UInt32(bits) << 16)
    }
}
