import HexaBytecode

/// Methods of built-in values. The receiver is in `window[0]`, arguments follow, the result goes to `window[0]`.
extension Machine {
    // SAFETY: an entry that a map's look-up returns is valid until the map changes.

    func callBuiltinMethod(
        _ method: BuiltinMethod, _ window: ValueWindow, argumentCount count: Int, name: Int
    ) -> CallResult {
        let receiver = window[0]
        let arity = arity(of: method, receiver)
        guard arity.contains(count) else {
            if arity.isEmpty {
                _ = noMethod(receiver, name)
            } else {
                let (most, plural) = (arity.upperBound - 1, arity.upperBound == 2 ? "" : "s")
                _ = fail(.arity, "method \(self.name(name)) takes \(most) argument\(plural), got \(count)")
            }
            return .failed
        }
        if method == .toString { return general(toString: window) ? .done : .failed }
        switch receiver.tag {
        case Tag.string: return stringMethod(method, window, count) ? .done : .failed
        case Tag.array: return arrayMethod(method, window, count) ? .done : .failed
        case Tag.map: return mapMethod(method, window, count) ? .done : .failed
        case Tag.channel: return channelMethod(method, window)
        case Tag.char: return charMethod(method, window) ? .done : .failed
        case Tag.int, Tag.float:
            let isDone = method == .toInt ? convertToInt(window, receiver) : convertToFloat(window, receiver)
            return isDone ? .done : .failed
        default: return length(window, of: receiver) ? .done : .failed
        }
    }

    private func general(toString window: ValueWindow) -> Bool {
        window[0].tag == Tag.string || setString(window, text(of: window[0]))
    }

    /// How many arguments a receiver's method takes; empty when the receiver has no such method.
    private func arity(of method: BuiltinMethod, _ receiver: Value) -> Range<Int> {
        if method == .toString { return 0..<1 }
        switch receiver.tag {
        case Tag.string: return stringArity(method)
        case Tag.array: return arrayArity(method)
        case Tag.map:
            switch method {
            case .len, .isEmpty, .keys, .values, .clear, .copy: return 0..<1
            case .get: return 1..<3
            case .has, .remove, .contains: return 1..<2
            case .set, .insert: return 2..<3
            default: return 0..<0
            }
        case Tag.channel:
            switch method {
            case .receive, .tryReceive, .len: return 0..<1
            case .send: return 1..<2
            default: return 0..<0
            }
        case Tag.char:
            switch method {
            case .toInt, .isAlpha, .isDigit, .isAlphanumeric, .isWhitespace, .toUpper, .toLower: return 0..<1
            default: return 0..<0
            }
        case Tag.int, Tag.float: return method == .toInt || method == .toFloat ? 0..<1 : 0..<0
        case Tag.tuple, Tag.range: return method == .len ? 0..<1 : 0..<0
        default: return 0..<0
        }
    }

    private func stringArity(_ method: BuiltinMethod) -> Range<Int> {
        switch method {
        case .len, .isEmpty, .chars, .bytes, .trim, .toUpper, .toLower, .parseInt, .parseFloat, .lines, .reverse,
            .toInt,
            .toFloat, .isAlpha, .isDigit, .isAlphanumeric, .isWhitespace:
            0..<1
        case .contains, .indexOf, .startsWith, .endsWith, .split, .join, .repeat, .charAt: 1..<2
        case .substring, .slice: 1..<3
        case .replace: 2..<3
        default: 0..<0
        }
    }

    private func arrayArity(_ method: BuiltinMethod) -> Range<Int> {
        switch method {
        case .len, .isEmpty, .pop, .reverse, .sort, .first, .last, .clear, .copy: 0..<1
        case .push, .remove, .contains, .indexOf: 1..<2
        case .join: 0..<2
        case .slice: 1..<3
        case .insert: 2..<3
        default: 0..<0
        }
    }

    private func channelMethod(_ method: BuiltinMethod, _ window: ValueWindow) -> CallResult {
        let channel = window[0].object
        switch method {
        case .send:
            guard send(window[1], on: channel) else { return .failed }
            window[0] = .void
        case .receive:
            guard let value = channel.popOldest() else { return wait(on: [UInt(bitPattern: channel.address)]) }
            window[0] = value
        case .tryReceive: window[0] = channel.popOldest() ?? .void
        default: window[0] = .int(channel.count)
        }
        return .done
    }

    private func charMethod(_ method: BuiltinMethod, _ window: ValueWindow) -> Bool {
        let scalar = window[0].asScalar
        window[0] =
            switch method {
            case .toInt: .int(Int(scalar))
            case .isAlpha: .bool(CharacterClass.isAlphabetic(scalar))
            case .isDigit: .bool(CharacterClass.isDigit(scalar))
            case .isAlphanumeric: .bool(CharacterClass.isAlphabetic(scalar) || CharacterClass.isDigit(scalar))
            case .isWhitespace: .bool(CharacterClass.isWhitespace(scalar))
            case .toUpper: .char(scalar < 0x80 ? UInt32(CharacterClass.upper(UInt8(scalar))) : scalar)
            default: .char(scalar < 0x80 ? UInt32(CharacterClass.lower(UInt8(scalar))) : scalar)
            }
        return true
    }

    private func mapMethod(_ method: BuiltinMethod, _ window: ValueWindow, _ count: Int) -> Bool {
        let map = window[0].object
        switch method {
        case .len: window[0] = .int(map.count)
        case .isEmpty: window[0] = .bool(map.count == 0)
        case .keys, .values: return listEntries(window, map, wantsKeys: method == .keys)
        case .clear:
            heap.freeMapBuffers(map)
            map.entries = nil
            map.slots = nil
            map.entryCount = 0
            map.entryCapacity = 0
            map.count = 0
        case .copy: return copyMap(window, map)
        default: return keyMethod(method, window, map, count)
        }
        return true
    }

    private func keyMethod(
        _ method: BuiltinMethod, _ window: ValueWindow, _ map: Object, _ count: Int
    ) -> Bool {
        guard let hash = heap.hash(window[1]) else { return notAKey(window[1]) }
        switch method {
        case .set, .insert: return heap.set(window[1], hash: hash, to: window[2], in: map) || outOfMemory()
        case .remove: window[0] = heap.remove(window[1], hash: hash, from: map) ?? .void
        case .get:
            // Without a default a missing key is void.
            let fallback = count == 2 ? window[2] : .void
            window[0] = heap.find(window[1], hash: hash, in: map)?.pointee.value ?? fallback
        default: window[0] = .bool(heap.find(window[1], hash: hash, in: map) != nil)
        }
        return true
    }

    private func listEntries(_ window: ValueWindow, _ map: Object, wantsKeys: Bool) -> Bool {
        charge(map.count >> 3)
        guard let array = heap.newArray(count: map.count) else { return outOfMemory() }
        var next = 0
        for index in 0..<map.entryCount {
            let entry = map.entries.unsafelyUnwrapped[index]
            if entry.key.tag == Tag.removed { continue }
            array.elements.unsafelyUnwrapped[next] = wantsKeys ? entry.key : entry.value
            next += 1
        }
        window[0] = .object(Tag.array, array)
        return true
    }

    private func copyMap(_ window: ValueWindow, _ map: Object) -> Bool {
        charge(map.count)
        guard let copy = heap.newMap() else { return outOfMemory() }
        for index in 0..<map.entryCount {
            let entry = map.entries.unsafelyUnwrapped[index]
            if entry.key.tag == Tag.removed { continue }
            guard heap.set(entry.key, hash: entry.hash, to: entry.value, in: copy) else { return outOfMemory() }
        }
        window[0] = .object(Tag.map, copy)
        return true
    }
}
