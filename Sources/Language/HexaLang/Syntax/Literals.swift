import HexaBytecode

/// Values of literal tokens.
enum Literals {
    /// Decimal, 0x, 0b, 0o with underscores; nil when it does not fit 64 bits or has a wrong digit.
    static func int(_ text: ArraySlice<UInt8>) -> Int64? {
        var radix: UInt64 = 10
        var digits = text
        if digits.count > 2, digits.first == 48 {
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): radix = 16
            case UInt8(ascii: "b"): radix = 2
            case UInt8(ascii: "o"): radix = 8
            default: break
            }
            if radix != 10 { digits = digits.dropFirst(2) }
        }
        var value: UInt64 = 0
        var hasDigit = false
        for byte in digits where byte != UInt8(ascii: "_") {
            guard let digit = digitValue(byte), digit < radix else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
            hasDigit = true
        }
        // Hexadecimal and binary literals may use the sign bit.
        guard hasDigit, radix != 10 || value <= UInt64(Int64.max) else { return nil }
        return Int64(bitPattern: value)
    }

    static func digitValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 48...57: UInt64(byte - 48)
        case 97...102: UInt64(byte - 87)
        case 65...70: UInt64(byte - 55)
        default: nil
        }
    }

    static func float(_ text: ArraySlice<UInt8>) -> Double? {
        FloatText.value(of: text.filter { $0 != UInt8(ascii: "_") })
    }

    struct EscapeError: Error {
        var message: String
        /// Offset in the text given.
        var offset: Int
    }

    /// The text between quotes with its escapes resolved.
    static func unescape(_ text: ArraySlice<UInt8>) throws(EscapeError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            guard text[index] == UInt8(ascii: "\\") else {
                result.append(text[index])
                index += 1
                continue
            }
            let escape = index + 1 < text.endIndex ? text[index + 1] : 0
            switch escape {
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "0"): result.append(0)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): result.append(escape)
            case UInt8(ascii: "x"):
                let value = hexadecimal(text, from: index + 2, digits: 2)
                guard let value, value < 0x80 else {
                    throw EscapeError(message: "\\x needs two hexadecimal digits, up to 7F", offset: index)
                }
                result.append(UInt8(value))
                index += 2
            case UInt8(ascii: "u"): index = try unicode(text, at: index, into: &result)
            default: throw EscapeError(message: "unknown escape", offset: index)
            }
            index += 2
        }
        return result
    }

    private static func hexadecimal(_ text: ArraySlice<UInt8>, from start: Int, digits: Int) -> UInt32? {
        var value: UInt32 = 0
        for offset in start..<start + digits {
            guard offset < text.endIndex, let digit = digitValue(text[offset]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// `\u{1F600}`; returns the index two before the character that follows.
    private static func unicode(
        _ text: ArraySlice<UInt8>, at index: Int, into result: inout [UInt8]
    ) throws(EscapeError) -> Int {
        let failure = EscapeError(message: "\\u needs a character's code in braces, as in \\u{1F600}", offset: index)
        guard index + 2 < text.endIndex, text[index + 2] == UInt8(ascii: "{"),
            let close = text[index...].firstIndex(of: UInt8(ascii: "}")), 1...6 ~= close - index - 3,
            let code = hexadecimal(text, from: index + 3, digits: close - index - 3),
            let scalar = Unicode.Scalar(code)
        else { throw failure }
        result.append(contentsOf: Array(String(Character(scalar)).utf8))
        return close - 1
    }
}
