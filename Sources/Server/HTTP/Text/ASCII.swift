/// The byte classes and comparisons of RFC 9110 section 5.6 and RFC 5234.
enum ASCII {
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")

    static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    /// tchar: what methods and field names are made of.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"),
            UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }

    static func isToken(_ bytes: Span<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return false }
        for index in bytes.indices where !isTokenByte(bytes[index]) { return false }
        return true
    }

    /// field-vchar, space and tab: no control characters, above all no CR, LF or NUL.
    static func isFieldValueByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == tab
    }

    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == space || byte == tab
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }

    static func hexDigitValue(_ byte: UInt8) -> UInt8? {
        switch lowercased(byte) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): lowercased(byte) - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// Case-insensitive comparison, as for field names and most tokens.
    static func equals(_ bytes: [UInt8], ignoringCase text: String) -> Bool {
        let other = text.utf8
        return bytes.count == other.count && zip(bytes, other).allSatisfy { lowercased($0) == lowercased($1) }
    }

    /// The span without spaces and tabs at its ends.
    @_lifetime(copy bytes)
    static func trimmed(_ bytes: Span<UInt8>) -> Span<UInt8> {
        var start = 0
        var end = bytes.count
        while start < end, isWhitespace(bytes[start]) { start += 1 }
        while end > start, isWhitespace(bytes[end - 1]) { end -= 1 }
        return bytes.extracting(start..<end)
    }

    /// A decimal number of digits only. Nil for anything else; `Int.max` when it does not fit.
    static func decimalValue(_ bytes: [UInt8]) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var value = 0
        for byte in bytes {
            guard isDigit(byte) else { return nil }
            let (product, productOverflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
            value = productOverflow || sumOverflow ? .max : sum
        }
        return value
    }
}

extension [UInt8] {
    /// Appends a copy of a span.
    mutating func append(copying bytes: Span<UInt8>) {
        // SAFETY: the pointer is used only inside the closure, while the span keeps its memory alive.
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    mutating func append(text: String) {
        append(contentsOf: text.utf8)
    }

    /// Appends a non-negative number in the given base, at most 16, without an intermediate string.
    mutating func append(_ value: Int, radix: Int = 10) {
        var power = 1
        while value / power >= radix { power *= radix }
        while power > 0 {
            let digit = UInt8(truncatingIfNeeded: value / power % radix)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            power /= radix
        }
    }
}
