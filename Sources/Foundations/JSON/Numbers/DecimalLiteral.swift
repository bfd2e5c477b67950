/// A decimal number as written, reduced to `significand * 10^exponent` while its digits stream in.
struct DecimalLiteral {
    var isNegative = false
    /// The first 19 significant digits, which always fit 64 bits.
    private(set) var significand: UInt64 = 0
    /// Power of ten of the significand's last digit.
    private(set) var exponent = 0
    /// Power of ten of the literal's last digit: less than `exponent` when digits did not fit the significand.
    private(set) var lastDigitExponent = 0
    /// Some digit that is not zero came after the 19th: the value lies strictly between `significand` and
    /// `significand + 1` times the power of ten.
    private(set) var isTruncated = false

    private var significantDigits = 0

    private static let significandDigitsMax = 19

    /// Far beyond the range of doubles for any literal whose digits fit memory, far from overflow when added.
    static let exponentMagnitudeMax = 1 << 40

    mutating func appendIntegerDigit(_ digit: UInt8) {
        if !append(digit) { exponent += 1 }
    }

    mutating func appendFractionDigit(_ digit: UInt8) {
        if append(digit) { exponent -= 1 }
        lastDigitExponent -= 1
    }

    mutating func addExponent(_ power: Int) {
        exponent += power
        lastDigitExponent += power
    }

    /// Takes a digit into the significand; false when it is full.
    private mutating func append(_ digit: UInt8) -> Bool {
        guard significantDigits < Self.significandDigitsMax else {
            isTruncated = isTruncated || digit != 0
            return false
        }
        significand = significand * 10 + UInt64(digit)
        if significand != 0 { significantDigits += 1 }
        return true
    }

    /// The value of a literal without fraction and exponent; nil when it does not fit, and for negative zero, which
    /// only a double can hold.
    var int64: Int64? {
        guard exponent == 0, !isTruncated, !(isNegative && significand == 0) else { return nil }
        guard isNegative else { return Int64(exactly: significand) }
        return significand <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- significand) : nil
    }
}
