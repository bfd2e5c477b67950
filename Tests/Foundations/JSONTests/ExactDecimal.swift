@testable import JSON

/// Exact decimal expansions of binary fractions, by schoolbook arithmetic on digits.
enum ExactDecimal {
    /// The number half way between a non-negative double and the next, digit for digit.
    static func midpointAbove(_ double: Double) -> String {
        let hidden: UInt64 = double.exponentBitPattern == 0 ? 0 : 1 << 52
        let significand = 2 * (double.significandBitPattern | hidden) + 1
        return expansion(of: significand, exponent: max(Int(double.exponentBitPattern), 1) - 1_076)
    }

    /// The decimal expansion of `significand * 2^exponent`.
    static func expansion(of significand: UInt64, exponent: Int) -> String {
        // Least significant first. A negative power of two is a power of five with the point moved left.
        var digits = String(significand).reversed().map { $0.wholeNumberValue! }
        for _ in 0..<exponent.magnitude {
            var carry = 0
            for index in digits.indices {
                let product = digits[index] * (exponent < 0 ? 5 : 2) + carry
                digits[index] = product % 10
                carry = product / 10
            }
            if carry > 0 { digits.append(carry) }
        }
        var text = digits.reversed().map(String.init).joined()
        guard exponent < 0 else { return text }
        text = String(repeating: "0", count: max(1 - exponent - text.count, 0)) + text
        return text.dropLast(-exponent) + "." + text.suffix(-exponent)
    }
}
