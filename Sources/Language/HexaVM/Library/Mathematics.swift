/// Elementary functions without a C library, for a machine that also runs where there is none. Errors stay within a few
/// units in the last place for arguments of ordinary size.
enum Mathematics {
    private static let ln2High = 0x1.62e42fee00000p-1
    private static let ln2Low = 0x1.a39ef35793c76p-33
    private static let log2E = 0x1.71547652b82fep+0

    static func squareRoot(_ x: Double) -> Double { x.squareRoot() }

    /// The remainder of a truncating division, with the sign of `x`.
    static func remainder(_ x: Double, _ y: Double) -> Double { x.truncatingRemainder(dividingBy: y) }

    /// e^x: x = k ln 2 + r with |r| <= ln 2 / 2, then the series of e^r.
    static func exponential(_ x: Double) -> Double {
        if x.isNaN { return x }
        if x > 709.782712893384 { return .infinity }
        if x < -745.133219101942 { return 0 }
        let k = (x * log2E).rounded()
        let r = (x - k * ln2High) - k * ln2Low
        var sum = 1.0
        var order = 14.0
        while order >= 1 {
            sum = 1 + sum * r / order
            order -= 1
        }
        return scaled(sum, by: Int(k))
    }

    /// Two steps, because the exponent alone may be outside the range of normal numbers.
    private static func scaled(_ x: Double, by exponent: Int) -> Double {
        let half = exponent / 2
        return x * powerOfTwo(half) * powerOfTwo(exponent - half)
    }

    private static func powerOfTwo(_ exponent: Int) -> Double {
        Double(bitPattern: UInt64(exponent + 1023) << 52)
    }

    /// x as m * 2^e with m in [sqrt(1/2), sqrt(2)); `x` positive and finite.
    private static func split(_ x: Double) -> (mantissa: Double, exponent: Double) {
        var m = x.significand
        var e = Double(x.exponent)
        if m > 1.4142135623730951 {
            m /= 2
            e += 1
        }
        return (m, e)
    }

    /// ln m = 2 artanh((m - 1) / (m + 1)).
    private static func logarithmOfMantissa(_ m: Double) -> Double {
        let s = (m - 1) / (m + 1)
        let square = s * s
        var sum = 0.0
        var order = 23.0
        while order >= 3 {
            sum = (sum + 1 / order) * square
            order -= 2
        }
        return 2 * s + 2 * s * sum
    }

    static func logarithm(_ x: Double) -> Double {
        if x.isNaN || x < 0 { return .nan }
        if x == 0 { return -.infinity }
        if x.isInfinite { return x }
        let (m, e) = split(x)
        return e * ln2High + (logarithmOfMantissa(m) + e * ln2Low)
    }

    static func binaryLogarithm(_ x: Double) -> Double {
        if x.isNaN || x <= 0 || x.isInfinite { return logarithm(x) }
        let (m, e) = split(x)
        return e + logarithmOfMantissa(m) * log2E
    }

    /// The whole part of the exponent by repeated squaring, the rest through the logarithm.
    static func power(_ x: Double, _ y: Double) -> Double {
        if y == 0 || x == 1 { return 1 }
        if x.isNaN || y.isNaN { return .nan }
        if y == 0.5, x >= 0 { return x.squareRoot() }
        if y.magnitude < 0x1p31 {
            let whole = y.rounded(.towardZero)
            let rest = y - whole
            if rest != 0, x < 0 { return .nan }
            let result = integerPower(x, Int(whole))
            return rest == 0 ? result : result * exponential(rest * logarithm(x))
        }
        // Beyond 2^31 every finite power is 0, 1 or infinite for all but bases next to 1.
        return x < 0 ? (x == -1 ? 1 : exponential(y * logarithm(-x))) : exponential(y * logarithm(x))
    }

    private static func integerPower(_ x: Double, _ exponent: Int) -> Double {
        var result = 1.0, square = x, rest = exponent.magnitude
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return exponent < 0 ? 1 / result : result
    }

    static func sine(_ x: Double) -> Double {
        guard let (r, quadrant) = reduced(x) else { return .nan }
        return switch quadrant {
        case 0: sineSeries(r)
        case 1: cosineSeries(r)
        case 2: -sineSeries(r)
        default: -cosineSeries(r)
        }
    }

    static func cosine(_ x: Double) -> Double {
        guard let (r, quadrant) = reduced(x) else { return .nan }
        return switch quadrant {
        case 0: cosineSeries(r)
        case 1: -sineSeries(r)
        case 2: -cosineSeries(r)
        default: sineSeries(r)
        }
    }

    static func tangent(_ x: Double) -> Double { sine(x) / cosine(x) }

    /// x minus the nearest multiple of pi / 2, which is known to three times the precision of a double (Cody and
    /// Waite).
    private static func reduced(_ x: Double) -> (Double, quadrant: Int)? {
        guard x.isFinite else { return nil }
        let argument = x.magnitude < 0x1p30 ? x : x.truncatingRemainder(dividingBy: 6.283185307179586)
        let k = (argument * 0.6366197723675814).rounded()
        let r = ((argument - k * 0x1.921fb544p+0) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69
        return (r, Int(k) & 3)
    }

    private static func sineSeries(_ x: Double) -> Double {
        let square = x * x
        var sum = 1.0
        var order = 19.0
        while order >= 3 {
            sum = 1 - sum * square / (order * (order - 1))
            order -= 2
        }
        return x * sum
    }

    private static func cosineSeries(_ x: Double) -> Double {
        let square = x * x
        var sum = 1.0
        var order = 20.0
        while order >= 2 {
            sum = 1 - sum * square / (order * (order - 1))
            order -= 2
        }
        return sum
    }

    // MARK: Arithmetic functions

    /// Prime factors with multiplicity of a positive number, calling `visit(prime, exponent)`; returns the divisions
    /// made.
    static func factor(_ number: Int, _ visit: (Int, Int) -> Void) -> Int {
        var rest = number
        var divisor = 2
        var steps = 0
        while divisor <= rest / divisor {
            var exponent = 0
            while rest % divisor == 0 {
                rest /= divisor
                exponent += 1
            }
            if exponent > 0 { visit(divisor, exponent) }
            divisor += divisor == 2 ? 1 : 2
            steps += 1
        }
        if rest > 1 { visit(rest, 1) }
        return steps
    }

    static func greatestCommonDivisor(_ a: Int, _ b: Int) -> UInt {
        var x = a.magnitude, y = b.magnitude
        while y != 0 { (x, y) = (y, x % y) }
        return x
    }
}
