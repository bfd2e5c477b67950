import HexaBytecode

extension Machine {
    // SAFETY: the string was made with room for the bytes that the first sweep over the parts counted.

    func arrayMethod(_ method: BuiltinMethod, _ window: ValueWindow, _ count: Int) -> Bool {
        let array = window[0].object
        switch method {
        case .push: return heap.append(window[1], to: array) || outOfMemory()
        case .len: window[0] = .int(array.count)
        case .isEmpty: window[0] = .bool(array.count == 0)
        case .pop, .first, .last: return end(method, window, array)
        case .insert: return insert(window, array)
        case .remove: return remove(window, array)
        case .slice:
            guard let bounds = sliceBounds(window, count, length: array.count) else { return false }
            return subarray(window, array, bounds)
        case .contains, .indexOf: return search(method, window, array)
        case .reverse: reverse(array)
        case .sort: return sort(array)
        case .join: return join(window, array, separator: count == 1 ? window[1] : nil)
        case .clear: array.count = 0
        default: return subarray(window, array, 0..<array.count)
        }
        return true
    }

    private func end(_ method: BuiltinMethod, _ window: ValueWindow, _ array: Object) -> Bool {
        guard array.count > 0, let elements = array.elements else {
            return fail(.index, "the array is empty")
        }
        window[0] = elements[method == .first ? 0 : array.count - 1]
        if method == .pop { array.count -= 1 }
        return true
    }

    private func insert(_ window: ValueWindow, _ array: Object) -> Bool {
        guard window[1].isInt else { return fail(.type, "an array is indexed by an int, not by \(article(window[1]))") }
        let position = window[1].asInt, count = array.count
        guard 0...count ~= position else { return badIndex(position, count, "array") }
        guard heap.append(window[2], to: array), let elements = array.elements else { return outOfMemory() }
        charge((count - position) >> 5)
        var index = count
        while index > position {
            elements[index] = elements[index - 1]
            index -= 1
        }
        elements[position] = window[2]
        return true
    }

    private func remove(_ window: ValueWindow, _ array: Object) -> Bool {
        guard window[1].isInt else { return fail(.type, "an array is indexed by an int, not by \(article(window[1]))") }
        let position = window[1].asInt, count = array.count
        guard 0..<count ~= position, let elements = array.elements else { return badIndex(position, count, "array") }
        charge((count - position) >> 5)
        window[0] = elements[position]
        for index in position..<(count - 1) { elements[index] = elements[index + 1] }
        array.count = count - 1
        return true
    }

    /// `slice(from)` or `slice(from, to)`, half open; ends past the length are the length.
    func sliceBounds(_ window: ValueWindow, _ count: Int, length: Int) -> Range<Int>? {
        guard window[1].isInt, count == 1 || window[2].isInt else {
            _ = fail(.type, "the bounds of a slice must be ints")
            return nil
        }
        let lower = window[1].asInt
        let upper = count == 2 ? min(window[2].asInt, length) : length
        guard lower >= 0, lower <= length else {
            _ = fail(.index, "a slice from \(lower) is outside the length \(length)")
            return nil
        }
        return lower..<max(lower, upper)
    }

    private func search(_ method: BuiltinMethod, _ window: ValueWindow, _ array: Object) -> Bool {
        let wanted = window[1]
        charge(array.count >> 3)
        var found = -1
        for index in 0..<array.count {
            let test = isEqual(array.elements.unsafelyUnwrapped[index], wanted, pc)
            if test < 0 { return false }
            if test == 1 {
                found = index
                break
            }
        }
        window[0] = method == .contains ? .bool(found >= 0) : .int(found)
        return true
    }

    /// In place; the array is the result.
    private func reverse(_ array: Object) {
        guard let elements = array.elements else { return }
        charge(array.count >> 4)
        var low = 0, high = array.count - 1
        while low < high {
            let kept = elements[low]
            elements[low] = elements[high]
            elements[high] = kept
            low += 1
            high -= 1
        }
    }

    /// Stable, in place; the array is the result. A merge sort, so that no input makes it quadratic.
    private func sort(_ array: Object) -> Bool {
        let count = array.count
        guard count > 1, let elements = array.elements else { return true }
        charge(count * (Int.bitWidth - count.leadingZeroBitCount) >> 3)
        guard let buffer = heap.allocateBuffer(bytes: count * 16) else { return outOfMemory() }
        defer { heap.freeBuffer(buffer, bytes: count * 16) }
        let scratch = ValueWindow(buffer)
        for index in 0..<count {
            guard order(elements[index], elements[0]) != nil else {
                return fail(.type, "\(article(elements[index])) and \(article(elements[0])) have no order")
            }
        }
        var width = 1
        var source = elements, target = scratch
        while width < count {
            var start = 0
            while start < count {
                merge(source, target, start, min(start + width, count), min(start + 2 * width, count))
                start += 2 * width
            }
            swap(&source, &target)
            width *= 2
        }
        if source != elements { elements.update(from: source, count: count) }
        return true
    }

    private func merge(
        _ source: ValueWindow, _ target: ValueWindow, _ start: Int, _ middle: Int,
        _ end: Int
    ) {
        var left = start, right = middle, next = start
        while next < end {
            let takesLeft = left < middle && (right >= end || (order(source[left], source[right]) ?? 0) <= 0)
            target[next] = source[takesLeft ? left : right]
            if takesLeft { left += 1 } else { right += 1 }
            next += 1
        }
    }

    private func join(_ window: ValueWindow, _ array: Object, separator: Value?) -> Bool {
        var separatorBytes: [UInt8] = []
        if let separator {
            guard separator.tag == Tag.string || separator.tag == Tag.char else {
                return fail(.type, "the separator must be a string, this is \(article(separator))")
            }
            separatorBytes = text(of: separator)
        }
        if let length = joinedLength(array, separatorBytes.count) {
            return joinStrings(window, array, separatorBytes, length)
        }
        var bytes: [UInt8] = []
        for index in 0..<array.count {
            if index > 0 { bytes += separatorBytes }
            append(array.elements.unsafelyUnwrapped[index], to: &bytes, depth: 0)
            if bytes.count > MachineLimits.stringBytesMax { break }
        }
        charge(1 + bytes.count >> 4)
        return setString(window, bytes)
    }

    /// Length of the result when every element is a string; nil otherwise.
    private func joinedLength(_ array: Object, _ separator: Int) -> Int? {
        var length = separator * max(array.count - 1, 0)
        for index in 0..<array.count {
            let element = array.elements.unsafelyUnwrapped[index]
            guard element.tag == Tag.string else { return nil }
            length += element.object.count
        }
        return length
    }

    private func joinStrings(
        _ window: ValueWindow, _ array: Object, _ separator: [UInt8], _ length: Int
    ) -> Bool {
        charge(1 + length >> 5)
        guard let result = heap.newString(byteCount: length) else { return stringOrMemory(length) }
        var next = result.bytes
        for index in 0..<array.count {
            if index > 0 {
                for byte in separator {
                    next.pointee = byte
                    next += 1
                }
            }
            let part = array.elements.unsafelyUnwrapped[index].object
            next.update(from: part.bytes, count: part.count)
            next += part.count
        }
        window[0] = .object(Tag.string, result)
        return true
    }
}
