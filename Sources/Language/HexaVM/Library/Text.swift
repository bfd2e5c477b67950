import HexaBytecode

/// Classes of characters: exact for ASCII, by range for other letters.
enum CharacterClass {
    static func isDigit(_ scalar: UInt32) -> Bool { 48...57 ~= scalar }

    static func isAlphabetic(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return 97...122 ~= scalar | 0x20 }
        return Unicode.Scalar(scalar)?.properties.isAlphabetic ?? false
    }

    static func isWhitespace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 9...13, 32, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    static func upper(_ byte: UInt8) -> UInt8 { 97...122 ~= byte ? byte - 32 : byte }
    static func lower(_ byte: UInt8) -> UInt8 { 65...90 ~= byte ? byte + 32 : byte }
}

/// Numbers as programs read them from text.
enum NumberText {
    private static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var slice = bytes[...]
        while let first = slice.first, CharacterClass.isWhitespace(UInt32(first)) { slice.removeFirst() }
        while let last = slice.last, CharacterClass.isWhitespace(UInt32(last)) { slice.removeLast() }
        return [UInt8](slice)
    }

    /// Decimal digits with an optional sign, blanks around them; nil when that is not it or it does not fit.
    static func int(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var digits = trimmed(bytes)[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        guard !digits.isEmpty else { return nil }
        var value = 0
        for digit in digits {
            guard 48...57 ~= digit else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(Int(digit - 48))
            if overflow || carry { return nil }
            value = sum
        }
        // Accumulated negatively, because there is one more negative int than positive ones.
        if isNegative { return value }
        return value == Int.min ? nil : -value
    }

    static func float(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? { FloatText.value(of: trimmed(bytes)) }
}
