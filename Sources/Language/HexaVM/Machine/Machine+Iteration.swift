/// What a step of an iteration came to.
enum IterationResult {
    case element, end, failed
    /// The next element is the driver's to give.
    case stream
}

/// Loop state is two registers: what is iterated over, and a position. Positions are checked at every step, so a loop
/// over something that shrinks just ends.
extension Machine {
    /// 1 with the first element in place, 0 when the range is empty, -1 with an error raised.
    func prepareRange(_ state: ValueWindow, isClosed: Bool) -> Int {
        guard state[0].isInt, state[1].isInt else {
            _ = fail(.type, "a range needs two ints, not \(article(state[0])) and \(article(state[1]))")
            return -1
        }
        if isClosed {
            guard state[1].asInt < Int.max else {
                _ = fail(.overflow, "a loop cannot include the largest int")
                return -1
            }
            state[1] = .int(state[1].asInt + 1)
        }
        guard state[0].asInt < state[1].asInt else { return 0 }
        state[2] = state[0]
        return 1
    }

    func prepareIteration(_ state: ValueWindow) -> Bool {
        switch state[0].tag {
        case Tag.array, Tag.string, Tag.map, Tag.tuple, Tag.range, Tag.handle:
            state[1] = .int(0)
            return true
        default: return fail(.type, "\(article(state[0])) cannot be iterated over")
        }
    }

    func iterate(_ state: ValueWindow) -> IterationResult {
        let position = state[1].asInt
        guard position >= 0 else { return .end }
        switch state[0].tag {
        case Tag.string:
            let string = state[0].object
            guard position < string.count else { return .end }
            let (scalar, length) = UTF8Decoding.scalar(string.byteSpan, at: position)
            state[2] = .char(scalar)
            state[1] = .int(position + length)
            return .element
        case Tag.tuple:
            guard position < state[0].object.count else { return .end }
            state[2] = state[0].object.values[position]
            state[1] = .int(position + 1)
            return .element
        case Tag.range: return iterateRange(state, position)
        case Tag.map: return iterateMap(state)
        case Tag.handle: return .stream
        default:
            _ = fail(.type, "\(article(state[0])) cannot be iterated over")
            return .failed
        }
    }

    private func iterateRange(_ state: ValueWindow, _ position: Int) -> IterationResult {
        let range = state[0].object
        let lower = range.values[0]
        let (current, overflow) = lower.asInt.addingReportingOverflow(position)
        let upper = range.values[1].asInt
        guard !overflow, current < upper || current == upper && range.extra == 1 else { return .end }
        if lower.tag == Tag.char {
            // The surrogates are no characters: a range across them steps over.
            let scalar = UInt32(truncatingIfNeeded: current)
            state[2] = .char(Unicode.Scalar(scalar) == nil ? 0xFFFD : scalar)
        } else {
            state[2] = .int(current)
        }
        state[1] = .int(position + 1)
        return .element
    }

    /// One variable over a map: the pair as a tuple.
    private func iterateMap(_ state: ValueWindow) -> IterationResult {
        collectIfNeeded()
        guard let entry = nextEntry(state) else { return .end }
        guard let tuple = heap.newAggregate(Tag.tuple, count: 2) else {
            _ = outOfMemory()
            return .failed
        }
        tuple.values[0] = entry.key
        tuple.values[1] = entry.value
        state[2] = .object(Tag.tuple, tuple)
        state[1] = .int(state[1].asInt + 1)
        return .element
    }

    /// The entry at or after the position, which moves to it.
    private func nextEntry(_ state: ValueWindow) -> MapEntry? {
        let map = state[0].object
        var position = state[1].asInt
        while position >= 0, position < map.entryCount {
            let entry = map.entries.unsafelyUnwrapped[position]
            if entry.key.tag != Tag.removed {
                state[1] = .int(position)
                return entry
            }
            position += 1
        }
        return nil
    }

    /// Two variables: key and value of a map, or the two elements of each tuple or array.
    func iteratePair(_ state: ValueWindow) -> IterationResult {
        if state[0].tag == Tag.map {
            guard let entry = nextEntry(state) else { return .end }
            state[2] = entry.key
            state[3] = entry.value
            state[1] = .int(state[1].asInt + 1)
            return .element
        }
        var element = Value.void
        if state[0].tag == Tag.array {
            let array = state[0].object
            let position = state[1].asInt
            guard position >= 0, position < array.count else { return .end }
            element = array.elements.unsafelyUnwrapped[position]
            state[1] = .int(position + 1)
        } else {
            switch iterate(state) {
            case .element: element = state[2]
            case .end: return .end
            default: return .failed
            }
        }
        guard element.tag == Tag.tuple, element.object.count == 2 else {
            _ = fail(.type, "expected pairs to iterate over, got \(article(element))")
            return .failed
        }
        state[2] = element.object.values[0]
        state[3] = element.object.values[1]
        return .element
    }
}

/// Decoding of text that is known to be valid UTF-8, at an offset that is not known to be a character's.
enum UTF8Decoding {
    /// The scalar at `offset`, which must be below `bytes.count`, and its length; U+FFFD, 1 inside a character.
    static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (scalar: UInt32, length: Int) {
        let first = bytes[offset]
        if first < 0x80 { return (UInt32(first), 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC0, offset + length <= bytes.count else { return (0xFFFD, 1) }
        var scalar = UInt32(first) & (0x7F >> UInt32(length))
        for index in 1..<length { scalar = scalar << 6 | UInt32(bytes[offset + index] & 0x3F) }
        return Unicode.Scalar(scalar) == nil ? (0xFFFD, 1) : (scalar, length)
    }

    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        switch scalar {
        case 0..<0x80: bytes.append(UInt8(scalar))
        case 0x80..<0x800:
            bytes.append(UInt8(0xC0 | scalar >> 6))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x1_0000:
            bytes.append(UInt8(0xE0 | scalar >> 12))
            bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        default:
            bytes.append(UInt8(0xF0 | scalar >> 18 & 0x07))
            bytes.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}
