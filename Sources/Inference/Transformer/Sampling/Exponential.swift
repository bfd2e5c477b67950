/// exp and log without a C library, the same on every machine to the last bit.
enum Exponential {
    /// e^x within 2 units in the last place; 0 below the subnormals, infinity above the finite range.
    static func exp(_ x: Float) -> Float {
        guard x > -104 else { return x.isNaN ? x : 0 }
        guard x < 88.8 else { return x.isNaN ? x : .infinity }
        // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 is split so that n times its first part is exact.
        // Adding 1.5 * 2^23 rounds to an integer (`rounded` would call the C library where SSE4.1 is not assumed).
        let n = (x * 1.442695 + 0x1.8p23) - 0x1.8p23
        let r = (x - n * 0.693359375) - n * -2.1219444e-4
        // Taylor's polynomial of e^r, whose remainder is below 2^-27 on this interval.
        var p: Float = 1 / 5_040
        p = p * r + 1 / 720
        p = p * r + 1 / 120
        p = p * r + 1 / 24
        p = p * r + 1 / 6
        p = p * r + 1 / 2
        p = p * r + 1
        p = p * r + 1
        // Two steps, since 2^n alone can leave the range of normal numbers.
        let half = Int32(n) / 2
        return p * powerOfTwo(half) * powerOfTwo(Int32(n) - half)
    }

    /// e^x of sixteen values that are 0 or less, by the same polynomial; 0 for NaN and below -87, where a weight no
    /// longer counts.
    static func weights(_ x: SIMD16<Float>) -> SIMD16<Float> {
        let isCounted = x .>= -87
        let x = x.replacing(with: 0, where: .!isCounted)
        // The rounded exponent is also in the low bits of the shifted sum.
        let shifted = x * 1.442695 + 0x1.8p23
        let n = shifted - 0x1.8p23
        let r = (x - n * 0.693359375) - n * -2.1219444e-4
        var p = r * (1 / 5_040) + 1 / 720
        p = p * r + 1 / 120
        p = p * r + 1 / 24
        p = p * r + 1 / 6
        p = p * r + 1 / 2
        p = p * r + 1
        p = p * r + 1
        // SAFETY: both are sixteen lanes of 32 bits, for which every pattern is valid.
        let exponent = unsafe unsafeBitCast(shifted, to: SIMD16<Int32>.self) &+ 127
        let scale = unsafe unsafeBitCast(exponent &<< 23, to: SIMD16<Float>.self)
        return (p * scale).replacing(with: 0, where: .!isCounted)
    }

    private static func powerOfTwo(_ exponent: Int32) -> Float {
        Float(bitPattern: UInt32(bitPattern: exponent + 127) << 23)
    }

    /// ln x for positive finite x, within 1e-14 relative to the larger of 1 and the result.
    static func log(_ x: Double) -> Double {
        guard x > 0, x < .infinity else { return x == 0 ? -.infinity : x > 0 ? x : .nan }
        // x = 2^k m with m between sqrt(1/2) and sqrt(2); ln m = 2 artanh((m - 1) / (m + 1)).
        var exponent = Double(x.exponent)
        var m = x.significand
        if m > 1.4142135623730951 {
            m /= 2
            exponent += 1
        }
        let s = (m - 1) / (m + 1)
        let square = s * s
        var sum = 0.0
        var divisor = 21.0
        while divisor > 0 {
            sum = sum * square + 1 / divisor
            divisor -= 2
        }
        return exponent * 0.6931471805599453 + 2 * s * sum
    }
}
