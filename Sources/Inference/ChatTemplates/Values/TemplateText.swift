import Bytes

/// Python's string operations on UTF-8 bytes.
enum TemplateText {
    enum Side { case both, leading, trailing }

    /// `strip`, `lstrip` and `rstrip`: removes characters that are in `characters`, or white space.
    static func trim(_ text: [UInt8], _ side: Side, of characters: [UInt8]? = nil) -> [UInt8] {
        func isTrimmed(_ range: Range<Int>) -> Bool {
            guard let characters else { return isWhitespace(text, range) }
            return contains(characters, text[range])
        }
        var start = 0
        var end = text.count
        if side != .trailing {
            while start < end {
                let length = text.span.scalar(at: start)?.length ?? 1
                guard isTrimmed(start..<(start + length)) else { break }
                start += length
            }
        }
        if side != .leading {
            while end > start {
                let characterStart = text.span.startOfCharacter(endingAt: end)
                guard isTrimmed(characterStart..<end) else { break }
                end = characterStart
            }
        }
        return start == 0 && end == text.count ? text : Array(text[start..<end])
    }

    /// Python's `str.isspace`: Unicode's white space and the four information separators.
    private static func isWhitespace(_ text: [UInt8], _ range: Range<Int>) -> Bool {
        guard let scalar = text.span.scalar(at: range.lowerBound)?.scalar else { return false }
        return (0x1c...0x1f).contains(scalar.value) || scalar.properties.isWhitespace
    }

    static func contains(_ text: [UInt8], _ part: some Collection<UInt8>) -> Bool {
        find(part, in: text, from: 0) != nil
    }

    /// The offset of the first `part` at or behind `start`, in linear time.
    static func find(_ part: some Collection<UInt8>, in text: [UInt8], from start: Int) -> Int? {
        guard let first = part.first else { return start <= text.count ? start : nil }
        let length = part.count
        guard length <= 16 else { return findLong(Array(part), in: text, from: start) }
        var offset = start
        while offset + length <= text.count {
            if text[offset] == first, text[offset..<(offset + length)].elementsEqual(part) { return offset }
            offset += 1
        }
        return nil
    }

    /// Knuth, Morris and Pratt's search: never looks at a byte of the text twice.
    private static func findLong(_ part: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        // By length of a matched prefix: the next shorter prefix that is also its end.
        var shorter = [Int](repeating: 0, count: part.count + 1)
        var matched = 0
        for index in 1..<part.count {
            while matched > 0, part[index] != part[matched] { matched = shorter[matched] }
            if part[index] == part[matched] { matched += 1 }
            shorter[index + 1] = matched
        }
        matched = 0
        var offset = start
        while offset < text.count {
            while matched > 0, text[offset] != part[matched] { matched = shorter[matched] }
            if text[offset] == part[matched] { matched += 1 }
            offset += 1
            if matched == part.count { return offset - matched }
        }
        return nil
    }

    /// Replaces the first `count` occurrences (all if nil) of `old`, which is not empty.
    static func replace(_ text: [UInt8], _ old: [UInt8], by new: [UInt8], count: Int? = nil) -> [UInt8] {
        var result: [UInt8] = []
        var start = 0
        var rest = count ?? Int.max
        while rest > 0, let match = find(old, in: text, from: start) {
            result += text[start..<match]
            result += new
            // Growth beyond the limit is refused by the caller: stop making more of it.
            if result.count > TemplateLimits.stringByteCountMax { return result }
            start = match + old.count
            rest -= 1
        }
        result += text[start...]
        return result
    }

    /// `split(separator, limit)`; `separator` is not empty.
    static func split(_ text: [UInt8], by separator: [UInt8], limit: Int? = nil) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var start = 0
        var rest = limit ?? Int.max
        while rest > 0, let match = find(separator, in: text, from: start) {
            parts.append(Array(text[start..<match]))
            start = match + separator.count
            rest -= 1
        }
        parts.append(Array(text[start...]))
        return parts
    }

    /// `split()`: the words between runs of white space.
    static func words(_ text: [UInt8]) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var wordStart = 0
        var offset = 0
        while offset < text.count {
            let length = text.span.scalar(at: offset)?.length ?? 1
            if isWhitespace(text, offset..<(offset + length)) {
                if wordStart < offset { words.append(Array(text[wordStart..<offset])) }
                wordStart = offset + length
            }
            offset += length
        }
        if wordStart < text.count { words.append(Array(text[wordStart...])) }
        return words
    }

    /// Where each character starts, and the text's end.
    static func characterOffsets(_ text: [UInt8]) -> [Int] {
        var offsets: [Int] = []
        var offset = 0
        while offset < text.count {
            offsets.append(offset)
            offset += text.span.scalar(at: offset)?.length ?? 1
        }
        offsets.append(offset)
        return offsets
    }
}

// MARK: - Case

extension TemplateText {
    enum Case { case upper, lower }

    static func changeCase(_ text: some Collection<UInt8>, to target: Case) -> [UInt8] {
        var result: [UInt8] = []
        let bytes = Array(text)
        result.reserveCapacity(bytes.count)
        var offset = 0
        while offset < bytes.count {
            guard let (scalar, length) = bytes.span.scalar(at: offset) else {
                result.append(bytes[offset])
                offset += 1
                continue
            }
            offset += length
            if scalar.isASCII {
                let byte = UInt8(scalar.value)
                let isChanged = target == .upper ? (0x61...0x7a).contains(byte) : (0x41...0x5a).contains(byte)
                result.append(isChanged ? byte ^ 0x20 : byte)
            } else {
                let mapped =
                    target == .upper
                    ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
                result += Array(mapped.utf8)
            }
        }
        return result
    }

    /// The first character upper-case, the others lower-case.
    static func capitalize(_ text: some Collection<UInt8>) -> [UInt8] {
        let bytes = Array(text)
        guard !bytes.isEmpty else { return [] }
        let length = bytes.span.scalar(at: 0)?.length ?? 1
        return changeCase(bytes[..<length], to: .upper) + changeCase(bytes[length...], to: .lower)
    }

    /// Capitalises each word; words end at the characters for which `endsWord` holds.
    static func title(_ text: [UInt8], endsWord: (UInt8) -> Bool) -> [UInt8] {
        var result: [UInt8] = []
        var wordStart = 0
        for (offset, byte) in text.enumerated() where endsWord(byte) {
            result += capitalize(text[wordStart..<offset])
            result.append(byte)
            wordStart = offset + 1
        }
        return result + capitalize(text[wordStart...])
    }
}
