import ModelFormats

/// GPT-2's printable stand-ins for bytes: vocabularies of byte-level BPE are written in them.
///
/// Bytes that are printable in Latin-1 stand for themselves; the other 68, in rising order, for U+0100 and on.
enum ByteLevelAlphabet {
    /// The bytes that U+0100, U+0101... stand for.
    private static func byte(ofStandIn index: UInt32) -> UInt8? {
        switch index {
        case 0...0x20: UInt8(index)  // the C0 controls and space
        case 0x21...0x42: UInt8(index - 0x21 + 0x7f)  // DEL, the C1 controls and no-break space
        case 0x43: 0xad  // soft hyphen
        default: nil
        }
    }

    /// Appends the bytes that the UTF-8 text in `range` stands for. Text with characters outside of the alphabet is
    /// appended as it is, and false returned: vocabularies hold a few such entries, which no text is encoded to.
    @discardableResult
    static func appendDecoded(_ range: Range<Int>, of file: RawSpan, to bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        var offset = range.lowerBound
        while offset < range.upperBound {
            let lead: UInt8 = HeaderCursor.load(file, at: offset)
            if (0x21...0x7e).contains(lead) {
                bytes.append(lead)
                offset += 1
                continue
            }
            guard (0xc2...0xc5).contains(lead), offset + 1 < range.upperBound,
                let byte = decode(lead, HeaderCursor.load(file, at: offset + 1))
            else {
                bytes.removeSubrange(start...)
                for index in range { bytes.append(HeaderCursor.load(file, at: index)) }
                return false
            }
            bytes.append(byte)
            offset += 2
        }
        return true
    }

    private static func decode(_ lead: UInt8, _ trail: UInt8) -> UInt8? {
        guard trail & 0xc0 == 0x80 else { return nil }
        let scalar = UInt32(lead & 0x1f) << 6 | UInt32(trail & 0x3f)
        if scalar >= 0x100 { return byte(ofStandIn: scalar - 0x100) }
        return scalar >= 0xa1 && scalar != 0xad ? UInt8(scalar) : nil
    }
}
