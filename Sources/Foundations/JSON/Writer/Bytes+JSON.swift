extension [UInt8] {
    /// Appends a JSON string: the text in quotes, escaped where RFC 8259 section 7 demands it. Runs that need no escape
    /// are copied whole.
    mutating func append(quoting text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        var runStart = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") {
                index += 1
                continue
            }
            if byte >= 0x80, let length = UTF8Sequence.length(in: text, at: index) {
                index += length
                continue
            }
            append(copying: text.extracting(runStart..<index))
            append(escapeOf: byte)
            index += 1
            runStart = index
        }
        append(copying: text.extracting(runStart..<text.count))
        append(UInt8(ascii: "\""))
    }

    /// Appends what stands for a byte that cannot stand for itself: a short escape, a `\u` escape for a control
    /// character, U+FFFD for a byte that belongs to no well-formed sequence.
    private mutating func append(escapeOf byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(escape: byte)
        case 0x08: append(escape: UInt8(ascii: "b"))
        case 0x09: append(escape: UInt8(ascii: "t"))
        case 0x0A: append(escape: UInt8(ascii: "n"))
        case 0x0C: append(escape: UInt8(ascii: "f"))
        case 0x0D: append(escape: UInt8(ascii: "r"))
        case ..<0x20:
            append(contentsOf: "\\u00".utf8)
            append(hexDigit: byte >> 4)
            append(hexDigit: byte & 0x0F)
        default: append(utf8Of: 0xFFFD)
        }
    }

    private mutating func append(escape selector: UInt8) {
        append(UInt8(ascii: "\\"))
        append(selector)
    }

    private mutating func append(hexDigit value: UInt8) {
        append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
    }

    /// Appends an integer in decimal, digits filled in from the right.
    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var remaining = value.magnitude
        var digitCount = 1
        var power = remaining
        while power >= 10 {
            power /= 10
            digitCount += 1
        }
        let start = count
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: digitCount))
        for index in stride(from: start + digitCount - 1, through: start, by: -1) {
            self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remaining % 10)
            remaining /= 10
        }
    }
}
