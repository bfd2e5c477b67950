/// An unsigned integer of any size: just enough arithmetic to compare a decimal number with a binary one exactly.
struct BigUnsigned {
    enum Order { case less, equal, greater }

    /// Least significant first, without leading zeros.
    private(set) var limbs: [UInt64]

    init(_ value: UInt64) {
        limbs = value == 0 ? [] : [value]
    }

    /// Reads the digits of a literal, skipping its point. Past `limit` significant digits, the rest is replaced by a
    /// single 1 if any of it is not zero, which keeps every comparison with a number of at most `limit` digits right.
    /// Also returns the power of ten by which the result must be multiplied for what was left out.
    static func parsing(_ digits: Span<UInt8>, limit: Int) -> (value: BigUnsigned, droppedDigits: Int) {
        var value = BigUnsigned(0)
        // Digits are gathered while they fit a limb: one pass over the big number takes nineteen of them.
        var gathered: UInt64 = 0
        var gatheredPower: UInt64 = 1
        var significantDigits = 0
        var droppedDigits = 0
        var droppedMore = false
        for index in digits.indices where digits[index] != UInt8(ascii: ".") {
            let digit = UInt64(digits[index] - UInt8(ascii: "0"))
            guard significantDigits < limit else {
                droppedDigits += 1
                droppedMore = droppedMore || digit != 0
                continue
            }
            if significantDigits > 0 || digit != 0 { significantDigits += 1 }
            gathered = gathered * 10 + digit
            gatheredPower *= 10
            if gatheredPower == 10_000_000_000_000_000_000 {
                value.multiply(by: gatheredPower, adding: gathered)
                (gathered, gatheredPower) = (0, 1)
            }
        }
        value.multiply(by: gatheredPower, adding: gathered)
        if droppedMore {
            value.multiply(by: 10, adding: 1)
            droppedDigits -= 1
        }
        return (value, droppedDigits)
    }

    mutating func multiply(by factor: UInt64, adding summand: UInt64 = 0) {
        var carry = summand
        for index in limbs.indices {
            let product = UInt128(limbs[index]) * UInt128(factor) + UInt128(carry)
            limbs[index] = UInt64(truncatingIfNeeded: product)
            carry = UInt64(truncatingIfNeeded: product >> 64)
        }
        if carry != 0 { limbs.append(carry) }
    }

    mutating func multiply(byPowerOfFive power: Int) {
        let largest = PowerOfTen.powersOfFive.count - 1
        var remaining = power
        while remaining > 0 {
            let step = min(remaining, largest)
            multiply(by: PowerOfTen.powersOfFive[step])
            remaining -= step
        }
    }

    mutating func shiftLeft(by bits: Int) {
        guard !limbs.isEmpty, bits > 0 else { return }
        multiply(by: 1 << UInt64(bits % 64))
        limbs.insert(contentsOf: repeatElement(0, count: bits / 64), at: 0)
    }

    func order(against other: BigUnsigned) -> Order {
        guard limbs.count == other.limbs.count else { return limbs.count < other.limbs.count ? .less : .greater }
        for index in limbs.indices.reversed() where limbs[index] != other.limbs[index] {
            return limbs[index] < other.limbs[index] ? .less : .greater
        }
        return .equal
    }
}
