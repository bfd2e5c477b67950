extension JSONReader {
    /// Reads a string from its opening quote to its closing one.
    mutating func readString() throws(JSONError) -> JSONString {
        position += 1
        var utf8: [UInt8] = []
        while true {
            let runStart = position
            try skipUnescaped()
            utf8.append(copying: text.extracting(runStart..<position))
            switch peek() {
            case UInt8(ascii: "\""):
                position += 1
                return JSONString(validated: utf8)
            case UInt8(ascii: "\\"):
                try readEscape(into: &utf8)
            case nil:
                throw error(.unexpectedEnd)
            default:
                throw error(.controlCharacterInString)
            }
        }
    }

    /// Moves to the next quote, backslash or control character, or to the end, over well-formed UTF-8 only.
    private mutating func skipUnescaped() throws(JSONError) {
        var index = position
        while index < text.count {
            let byte = text[index]
            if byte >= 0x80 {
                guard let length = UTF8Sequence.length(in: text, at: index) else {
                    throw error(.invalidUTF8, at: index)
                }
                index += length
            } else if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                break
            } else {
                index += 1
            }
        }
        position = index
    }

    private mutating func readEscape(into utf8: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        guard let selector = peek() else { throw error(.unexpectedEnd) }
        position += 1
        switch selector {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): utf8.append(selector)
        case UInt8(ascii: "b"): utf8.append(0x08)
        case UInt8(ascii: "f"): utf8.append(0x0C)
        case UInt8(ascii: "n"): utf8.append(0x0A)
        case UInt8(ascii: "r"): utf8.append(0x0D)
        case UInt8(ascii: "t"): utf8.append(0x09)
        case UInt8(ascii: "u"): utf8.append(utf8Of: try readUnicodeEscape(from: start))
        default: throw error(.invalidEscape, at: start)
        }
    }

    /// Reads the digits of a `\u` escape that began at `start`, and its second half when it is a surrogate pair
    /// (RFC 8259 section 7).
    private mutating func readUnicodeEscape(from start: Int) throws(JSONError) -> UInt32 {
        let unit = try readFourHexDigits(from: start)
        switch unit {
        case 0xD800...0xDBFF:
            let secondStart = position
            guard peek() == UInt8(ascii: "\\"), secondStart + 1 < text.count, text[secondStart + 1] == UInt8(ascii: "u")
            else { throw error(.loneSurrogate, at: start) }
            position += 2
            let second = try readFourHexDigits(from: secondStart)
            guard case 0xDC00...0xDFFF = second else { throw error(.loneSurrogate, at: start) }
            return 0x1_0000 + (unit - 0xD800) << 10 + (second - 0xDC00)
        case 0xDC00...0xDFFF:
            throw error(.loneSurrogate, at: start)
        default:
            return unit
        }
    }

    private mutating func readFourHexDigits(from start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek() else { throw error(.unexpectedEnd) }
            guard let digit = Self.hexDigitValue(byte) else { throw error(.invalidUnicodeEscape, at: start) }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    private static func hexDigitValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
