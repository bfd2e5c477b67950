extension Span<UInt8> {
    /// The well-formed UTF-8 character that starts at `offset`, and its length in bytes; nil if none does.
    @inlinable
    package func scalar(at offset: Int) -> (scalar: Unicode.Scalar, length: Int)? {
        guard offset < count else { return nil }
        let lead = self[offset]
        let length: Int
        var value: UInt32
        switch lead {
        case 0x00...0x7f: return (Unicode.Scalar(lead), 1)
        case 0xc2...0xdf: (length, value) = (2, UInt32(lead & 0x1f))
        case 0xe0...0xef: (length, value) = (3, UInt32(lead & 0x0f))
        case 0xf0...0xf4: (length, value) = (4, UInt32(lead & 0x07))
        default: return nil
        }
        guard offset + length <= count else { return nil }
        for index in 1..<length {
            let trail = self[offset + index]
            guard trail & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(trail & 0x3f)
        }
        // Refuses surrogates, values above U+10FFFF and longer encodings than needed.
        guard value >= (length == 2 ? 0x80 : length == 3 ? 0x800 : 0x1_0000),
            let scalar = Unicode.Scalar(value)
        else { return nil }
        return (scalar, length)
    }

    /// Where the character that ends before `end` (above 0) starts. Bytes that are no part of one stand alone.
    @inlinable
    package func startOfCharacter(endingAt end: Int) -> Int {
        for length in 1...4 where end - length >= 0 {
            if self[end - length] & 0xc0 == 0x80 { continue }
            return scalar(at: end - length)?.length == length ? end - length : end - 1
        }
        return end - 1
    }
}
