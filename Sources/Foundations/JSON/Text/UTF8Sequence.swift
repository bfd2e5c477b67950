/// Well-formed UTF-8 byte sequences, by table 3-7 of the Unicode Standard (the same ranges as RFC 3629 section 4):
/// no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Sequence {
    /// The length, 1 to 4, of the well-formed sequence that starts at `index`; nil when there is none.
    static func length(in bytes: Span<UInt8>, at index: Int) -> Int? {
        let lead = bytes[index]
        if lead < 0x80 { return 1 }
        let second: ClosedRange<UInt8>
        let length: Int
        switch lead {
        case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
        case 0xE0: (second, length) = (0xA0...0xBF, 3)
        case 0xED: (second, length) = (0x80...0x9F, 3)
        case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
        case 0xF0: (second, length) = (0x90...0xBF, 4)
        case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
        case 0xF4: (second, length) = (0x80...0x8F, 4)
        default: return nil
        }
        guard bytes.count - index >= length, second.contains(bytes[index + 1]) else { return nil }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 {
            return nil
        }
        return length
    }

    /// The index of the first byte that starts no well-formed sequence; nil when the whole is well formed.
    static func firstIllFormed(in bytes: Span<UInt8>) -> Int? {
        var index = 0
        while index < bytes.count {
            guard let length = length(in: bytes, at: index) else { return index }
            index += length
        }
        return nil
    }
}

extension [UInt8] {
    /// Appends the UTF-8 form of a Unicode scalar value.
    mutating func append(utf8Of scalar: UInt32) {
        func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar >> shift) & 0x3F }
        switch scalar {
        case ..<0x80:
            append(UInt8(scalar))
        case ..<0x800:
            append(0xC0 | UInt8(scalar >> 6))
            append(continuation(0))
        case ..<0x1_0000:
            append(0xE0 | UInt8(scalar >> 12))
            append(continuation(6))
            append(continuation(0))
        default:
            append(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18) & 0x07)
            append(continuation(12))
            append(continuation(6))
            append(continuation(0))
        }
    }

    /// Appends a copy of a span.
    mutating func append(copying bytes: Span<UInt8>) {
        // SAFETY: the pointer is used only inside the closure, while the span keeps its memory alive.
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}
