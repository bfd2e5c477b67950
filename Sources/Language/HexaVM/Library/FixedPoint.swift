/// A float with a fixed number of decimals, rounded exactly (ties to even): the binary value times a power of ten, in
/// big integers.
enum FixedPoint {
    static let decimalsMax = 60

    static func text(of value: Double, decimals: Int) -> [UInt8] {
        if value.isNaN { return Array("NaN".utf8) }
        if value.isInfinite { return Array((value < 0 ? "-inf" : "inf").utf8) }
        var digits = roundedDigits(value.magnitude, decimals: decimals)
        while digits.count <= decimals { digits.insert(48, at: 0) }
        if decimals > 0 { digits.insert(UInt8(ascii: "."), at: digits.count - decimals) }
        if value.sign == .minus, digits.contains(where: { (49...57).contains($0) }) {
            digits.insert(UInt8(ascii: "-"), at: 0)
        }
        return digits
    }

    /// Decimal digits of value * 10^decimals, rounded to an integer.
    private static func roundedDigits(_ value: Double, decimals: Int) -> [UInt8] {
        guard value > 0 else { return [48] }
        // value = significand * 2^exponent, exactly.
        let fraction = value.significandBitPattern
        let isNormal = value.exponentBitPattern != 0
        let significand = isNormal ? fraction | 1 << 52 : fraction
        let exponent = Int(isNormal ? value.exponentBitPattern : 1) - 1075
        var number: [UInt32] = [UInt32(truncatingIfNeeded: significand), UInt32(significand >> 32)]
        for _ in 0..<decimals { multiply(&number, by: 10) }
        if exponent >= 0 {
            shiftLeft(&number, by: exponent)
        } else {
            shiftRightRounding(&number, by: -exponent)
        }
        return decimalDigits(number)
    }

    private static func multiply(_ number: inout [UInt32], by factor: UInt64) {
        var carry: UInt64 = 0
        for index in number.indices {
            let product = UInt64(number[index]) * factor + carry
            number[index] = UInt32(truncatingIfNeeded: product)
            carry = product >> 32
        }
        if carry > 0 { number.append(UInt32(carry)) }
    }

    private static func shiftLeft(_ number: inout [UInt32], by bits: Int) {
        multiply(&number, by: 1 << UInt64(bits % 32))
        number.insert(contentsOf: repeatElement(0, count: bits / 32), at: 0)
    }

    private static func shiftRightRounding(_ number: inout [UInt32], by bits: Int) {
        func bit(_ index: Int) -> Bool {
            index / 32 < number.count && number[index / 32] >> UInt32(index % 32) & 1 == 1
        }
        let half = bit(bits - 1)
        var below = false
        for index in 0..<min(bits - 1, number.count * 32) where bit(index) {
            below = true
            break
        }
        let isOdd = bit(bits)
        let words = bits / 32, rest = UInt32(bits % 32)
        var shifted: [UInt32] = []
        var index = words
        while index < number.count {
            let high = index + 1 < number.count ? number[index + 1] : 0
            shifted.append(rest == 0 ? number[index] : number[index] >> rest | high << (32 - rest))
            index += 1
        }
        number = shifted.isEmpty ? [0] : shifted
        guard half && (below || isOdd) else { return }
        for index in number.indices {
            number[index] &+= 1
            if number[index] != 0 { return }
        }
        number.append(1)
    }

    private static func decimalDigits(_ number: [UInt32]) -> [UInt8] {
        var rest = number
        var digits: [UInt8] = []
        while !rest.isEmpty {
            var remainder: UInt64 = 0
            for index in rest.indices.reversed() {
                let part = remainder << 32 | UInt64(rest[index])
                rest[index] = UInt32(part / 1_000_000_000)
                remainder = part % 1_000_000_000
            }
            while rest.last == 0 { rest.removeLast() }
            for _ in 0..<9 {
                digits.append(UInt8(48 + remainder % 10))
                remainder /= 10
            }
        }
        while digits.count > 1, digits.last == 48 { digits.removeLast() }
        return digits.isEmpty ? [48] : digits.reversed()
    }
}
