import HexaBytecode

extension Machine {
    func stringMethod(_ method: BuiltinMethod, _ window: ValueWindow, _ count: Int) -> Bool {
        let string = window[0].object
        charge(1 + string.count >> 5)
        switch method {
        case .len, .isEmpty:
            window[0] = method == .len ? .int(string.characterCount) : .bool(string.count == 0)
            return true
        case .chars: return characters(window, string)
        case .bytes: return byteArray(window, string)
        case .charAt: return index(window, window[0], window[1])
        case .substring, .slice:
            guard let bounds = sliceBounds(window, count, length: string.characterCount) else { return false }
            return substring(window, string, bounds)
        case .toUpper, .toLower:
            return changeCase(window, string, method == .toUpper ? CharacterClass.upper : CharacterClass.lower)
        case .trim: return trim(window, string)
        case .reverse: return reverse(window, string)
        case .repeat: return repeatString(window, string)
        case .parseInt, .toInt: return convertToInt(window, window[0])
        case .parseFloat, .toFloat: return convertToFloat(window, window[0])
        case .lines: return lines(window, string)
        case .isAlpha: return classify(window, window[0], CharacterClass.isAlphabetic)
        case .isDigit: return classify(window, window[0], CharacterClass.isDigit)
        case .isAlphanumeric:
            return classify(window, window[0]) { CharacterClass.isAlphabetic($0) || CharacterClass.isDigit($0) }
        case .isWhitespace: return classify(window, window[0], CharacterClass.isWhitespace)
        case .join:
            guard window[1].tag == Tag.array else {
                return fail(.type, "join needs an array, not \(article(window[1]))")
            }
            // `separator.join(array)` is `array.join(separator)`.
            let separator = window[0]
            window[0] = window[1]
            window[1] = separator
            return arrayMethod(.join, window, 1)
        default: return searchMethod(method, window, string)
        }
    }

    /// Methods whose first argument is a string or char to look for.
    private func searchMethod(
        _ method: BuiltinMethod, _ window: ValueWindow,
        _ string: Object
    ) -> Bool {
        guard window[1].tag == Tag.string || window[1].tag == Tag.char else {
            return fail(.type, "expected a string, got \(article(window[1]))")
        }
        let needle = text(of: window[1])
        let haystack = string.byteSpan
        return needle.withUnsafeBufferPointer { needle in
            switch method {
            case .contains: window[0] = .bool(Memory.find(needle, in: haystack, from: 0) != nil)
            case .indexOf:
                let offset = Memory.find(needle, in: haystack, from: 0)
                window[0] = .int(offset.map { string.characterIndex(ofByte: $0) } ?? -1)
            case .startsWith:
                window[0] = .bool(haystack.count >= needle.count && haystack.prefix(needle.count).elementsEqual(needle))
            case .endsWith:
                window[0] = .bool(haystack.count >= needle.count && haystack.suffix(needle.count).elementsEqual(needle))
            case .split: return split(window, haystack, needle)
            default: return replace(window, haystack, needle)
            }
            return true
        }
    }

    private func split(
        _ window: ValueWindow, _ haystack: UnsafeBufferPointer<UInt8>,
        _ separator: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard separator.count > 0 else { return fail(.value, "cannot split at an empty string: use chars()") }
        guard let array = heap.newArray(count: 0), let start = haystack.baseAddress else { return outOfMemory() }
        var offset = 0
        while true {
            let end = Memory.find(separator, in: haystack, from: offset)
            guard let part = heap.newString(start + offset, count: (end ?? haystack.count) - offset),
                heap.append(.object(Tag.string, part), to: array)
            else { return outOfMemory() }
            guard let end else { break }
            offset = end + separator.count
        }
        charge(array.count)
        window[0] = .object(Tag.array, array)
        return true
    }

    private func replace(
        _ window: ValueWindow, _ haystack: UnsafeBufferPointer<UInt8>,
        _ needle: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard window[2].tag == Tag.string || window[2].tag == Tag.char else {
            return fail(.type, "expected a string, got \(article(window[2]))")
        }
        guard needle.count > 0 else { return fail(.value, "cannot replace an empty string") }
        let replacement = text(of: window[2])
        var result: [UInt8] = []
        var offset = 0
        while let found = Memory.find(
            needle, in: haystack,
            from: offset), result.count <= MachineLimits.stringBytesMax
        {
            result.append(contentsOf: haystack[offset..<found])
            result += replacement
            offset = found + needle.count
        }
        result.append(contentsOf: haystack[offset...])
        charge(result.count >> 5)
        return setString(window, result)
    }

    private func characters(_ window: ValueWindow, _ string: Object) -> Bool {
        let count = string.characterCount
        charge(count >> 3)
        guard let array = heap.newArray(count: count) else { return outOfMemory() }
        var offset = 0
        for index in 0..<count {
            let (scalar, length) = UTF8Decoding.scalar(string.byteSpan, at: offset)
            array.elements.unsafelyUnwrapped[index] = .char(scalar)
            offset += length
        }
        window[0] = .object(Tag.array, array)
        return true
    }

    private func byteArray(_ window: ValueWindow, _ string: Object) -> Bool {
        charge(string.count >> 3)
        guard let array = heap.newArray(count: string.count) else { return outOfMemory() }
        for index in 0..<string.count { array.elements.unsafelyUnwrapped[index] = .int(Int(string.bytes[index])) }
        window[0] = .object(Tag.array, array)
        return true
    }

    private func changeCase(
        _ window: ValueWindow, _ string: Object,
        _ change: (UInt8) -> UInt8
    ) -> Bool {
        guard let result = heap.newString(byteCount: string.count) else { return outOfMemory() }
        for index in 0..<string.count { result.bytes[index] = change(string.bytes[index]) }
        window[0] = .object(Tag.string, result)
        return true
    }

    private func trim(_ window: ValueWindow, _ string: Object) -> Bool {
        var start = 0, end = string.count
        func isBlank(_ byte: UInt8) -> Bool { byte == 32 || 9...13 ~= byte }
        while start < end, isBlank(string.bytes[start]) { start += 1 }
        while end > start, isBlank(string.bytes[end - 1]) { end -= 1 }
        guard let result = heap.newString(string.bytes + start, count: end - start) else { return outOfMemory() }
        window[0] = .object(Tag.string, result)
        return true
    }

    private func reverse(_ window: ValueWindow, _ string: Object) -> Bool {
        guard let result = heap.newString(byteCount: string.count) else { return outOfMemory() }
        var offset = 0, end = string.count
        while offset < string.count {
            let length = UTF8Decoding.scalar(string.byteSpan, at: offset).length
            end -= length
            for index in 0..<length { result.bytes[end + index] = string.bytes[offset + index] }
            offset += length
        }
        window[0] = .object(Tag.string, result)
        return true
    }

    private func repeatString(_ window: ValueWindow, _ string: Object) -> Bool {
        guard window[1].isInt, window[1].asInt >= 0 else { return fail(.value, "repeat needs a count of 0 or more") }
        let (length, overflow) = string.count.multipliedReportingOverflow(by: window[1].asInt)
        guard !overflow, length <= MachineLimits.stringBytesMax else {
            return stringOrMemory(overflow ? Int.max : length)
        }
        charge(length >> 5)
        guard let result = heap.newString(byteCount: length) else { return outOfMemory() }
        if string.count > 0 {
            for index in 0..<window[1].asInt {
                (result.bytes + index * string.count).update(from: string.bytes, count: string.count)
            }
        }
        window[0] = .object(Tag.string, result)
        return true
    }

    /// Lines without their ends; a last empty line does not count.
    private func lines(_ window: ValueWindow, _ string: Object) -> Bool {
        guard let array = heap.newArray(count: 0) else { return outOfMemory() }
        var start = 0
        while start < string.count {
            var end = start
            while end < string.count, string.bytes[end] != 10 { end += 1 }
            let length = end > start && string.bytes[end - 1] == 13 ? end - 1 - start : end - start
            guard let line = heap.newString(string.bytes + start, count: length),
                heap.append(.object(Tag.string, line), to: array)
            else { return outOfMemory() }
            start = end + 1
        }
        charge(array.count)
        window[0] = .object(Tag.array, array)
        return true
    }
}
