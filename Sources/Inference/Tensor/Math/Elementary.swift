/// Elementary functions without a C library, for code that must run before and without one.
///
/// Double versions are within a few units in the last place over the stated ranges; they serve set-up work (rotation
/// tables, sampling), not inner loops.
public enum Elementary {
    private static let ln2High = 6.931_471_803_691_238e-1
    private static let ln2Low = 1.908_214_929_270_587_7e-10

    /// e to the power of `x`: 0 below -745, infinity above 709.78, NaN for NaN.
    public static func exponential(_ x: Double) -> Double {
        guard x == x else { return x }
        if x > 709.78 { return .infinity }
        if x < -745 { return 0 }
        // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts keeps r exact.
        let n = roundToNearest(x * 1.442_695_040_888_963_4)
        let r = x - n * ln2High - n * ln2Low
        var sum = 1.0
        for divisor in stride(from: 14.0, through: 1.0, by: -1) { sum = 1 + sum * r / divisor }
        // Two factors, so that neither overflows where the product does not.
        let half = Int(n) / 2
        return sum * powerOfTwo(half) * powerOfTwo(Int(n) - half)
    }

    /// The natural logarithm of `x`: minus infinity for 0, NaN for negative numbers and NaN.
    public static func logarithm(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        // Subnormal numbers are scaled into the normal range first.
        let isSubnormal = x < .leastNormalMagnitude
        let bits = (isSubnormal ? x * 0x1p54 : x).bitPattern
        var exponent = Int(bits >> 52) - 1023 - (isSubnormal ? 54 : 0)
        var mantissa = Double(bitPattern: bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            exponent += 1
        }
        // ln m = 2 artanh s, an odd series in s = (m - 1) / (m + 1), |s| < 0.172.
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        var series = 0.0
        for divisor in stride(from: 23.0, through: 1.0, by: -2) { series = series * square + 1 / divisor }
        return Double(exponent) * ln2High + (Double(exponent) * ln2Low + 2 * s * series)
    }

    /// `base` to the power of `exponent`, for a positive base.
    public static func power(_ base: Double, _ exponent: Double) -> Double {
        exponential(exponent * logarithm(base))
    }

    /// Sine and cosine of `x` radians; absolute error below 1e-9 for |x| up to 10^7, far better for small x.
    public static func sineAndCosine(_ x: Double) -> (sine: Double, cosine: Double) {
        // x = n pi/2 + r with |r| <= pi/4; pi/2 in three parts of 33 bits (as in fdlibm's __ieee754_rem_pio2).
        let n = roundToNearest(x * 0.636_619_772_367_581_4)
        let r = ((x - n * 1.570_796_326_734_125_6) - n * 6.077_100_506_303_966e-11) - n * 2.022_266_248_795_950_6e-21
        let square = r * r
        var sine = 1.0
        for k in stride(from: 18.0, through: 2.0, by: -2) { sine = 1 - sine * square / (k * (k + 1)) }
        sine *= r
        var cosine = 1.0
        for k in stride(from: 18.0, through: 2.0, by: -2) { cosine = 1 - cosine * square / (k * (k - 1)) }
        switch Int(n) & 3 {
        case 0: return (sine, cosine)
        case 1: return (cosine, -sine)
        case 2: return (-sine, -cosine)
        default: return (-cosine, sine)
        }
    }

    /// The exponential of a float, within 2 units in the last place; arguments are clamped to -87.3...88.3.
    ///
    /// The same steps as the vector variants take (Cephes' `expf`).
    public static func exponential(_ argument: Float) -> Float {
        let x = min(max(argument, -87.3), 88.3)
        // Adding 1.5 * 2^23 rounds to the nearest integer.
        let shifter: Float = 12_582_912
        let n = (x * 1.442_695_04 + shifter) - shifter
        let r = (x - n * 0.693_359_375) - n * -2.121_944_40e-4
        var p: Float = 1.987_569_15e-4
        p = p * r + 1.398_199_95e-3
        p = p * r + 8.333_451_91e-3
        p = p * r + 4.166_579_59e-2
        p = p * r + 1.666_666_55e-1
        p = p * r + 5.000_000_12e-1
        p = p * (r * r) + (r + 1)
        let exponent = UInt32(truncatingIfNeeded: Int32(n) &+ 127)
        return p * Float(bitPattern: exponent << 23)
    }

    /// Rounds to the nearest integer, ties to even, for magnitudes below 2^51: adding 1.5 * 2^52 leaves no fraction
    /// bits.
    private static func roundToNearest(_ x: Double) -> Double {
        let shifter = 6_755_399_441_055_744.0
        return (x + shifter) - shifter
    }

    /// 2 to the power of `exponent`, for -1022...1023.
    private static func powerOfTwo(_ exponent: Int) -> Double {
        Double(bitPattern: UInt64(exponent + 1023) << 52)
    }
}
