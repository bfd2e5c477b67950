import HexaBytecode

/// Comparisons: 1, 0, or -1 with an error raised.
extension Machine {
    // SAFETY: an entry that a map's look-up returns is valid until the map changes.

    @inline(__always)
    func isEqual(_ l: Value, _ r: Value, _ pc: CodePointer) -> Int {
        if l.isInt, r.isInt { return l.bits == r.bits ? 1 : 0 }
        self.pc = pc
        return isEqualSlow(l, r)
    }

    @inline(__always)
    func isLess(_ l: Value, _ r: Value, _ pc: CodePointer) -> Int {
        if l.isInt, r.isInt { return l.asInt < r.asInt ? 1 : 0 }
        if l.isFloat, r.isFloat { return l.asFloat < r.asFloat ? 1 : 0 }
        self.pc = pc
        return isLessSlow(l, r, orEqual: false)
    }

    @inline(__always)
    func isLessOrEqual(_ l: Value, _ r: Value, _ pc: CodePointer) -> Int {
        if l.isInt, r.isInt { return l.asInt <= r.asInt ? 1 : 0 }
        if l.isFloat, r.isFloat { return l.asFloat <= r.asFloat ? 1 : 0 }
        self.pc = pc
        return isLessSlow(l, r, orEqual: true)
    }

    func isEqualSlow(_ l: Value, _ r: Value) -> Int {
        guard let equal = equal(l, r, depth: 0) else {
            _ = fail(.depth, "the values are nested too deep, or in a cycle, to be compared")
            return -1
        }
        return equal ? 1 : 0
    }

    /// Equality by value; nil when values are nested beyond the limit.
    func equal(_ l: Value, _ r: Value, depth: Int) -> Bool? {
        guard l.tag == r.tag else {
            guard let a = l.number, let b = r.number else { return false }
            return a == b
        }
        if l.isFloat { return l.asFloat == r.asFloat }
        if l.bits == r.bits { return true }
        guard l.isObject else { return false }
        guard depth < MachineLimits.nestingMax else { return nil }
        let a = l.object, b = r.object
        switch l.tag {
        case Tag.string:
            charge(a.count >> 6)
            return a.equalsString(b)
        case Tag.array:
            guard a.count == b.count else { return false }
            guard a.count > 0 else { return true }
            return equal(a.elements.unsafelyUnwrapped, b.elements.unsafelyUnwrapped, a.count, depth)
        case Tag.tuple, Tag.structure, Tag.variant, Tag.range, Tag.error:
            guard a.count == b.count, a.detail == b.detail, a.extra == b.extra else { return false }
            return equal(a.values, b.values, a.count, depth)
        case Tag.map: return equalMaps(a, b, depth)
        default: return false
        }
    }

    private func equal(
        _ a: ValueWindow, _ b: ValueWindow, _ count: Int, _ depth: Int
    ) -> Bool? {
        charge(1 + count >> 3)
        guard debt < MachineLimits.visitedValuesMax else { return nil }
        for index in 0..<count {
            guard let same = equal(a[index], b[index], depth: depth + 1) else { return nil }
            if !same { return false }
        }
        return true
    }

    /// Same keys with equal values, in any order.
    private func equalMaps(_ a: Object, _ b: Object, _ depth: Int) -> Bool? {
        guard a.count == b.count else { return false }
        charge(1 + a.count >> 1)
        guard debt < MachineLimits.visitedValuesMax else { return nil }
        for index in 0..<a.entryCount {
            let entry = a.entries.unsafelyUnwrapped[index]
            if entry.key.tag == Tag.removed { continue }
            guard let other = heap.find(entry.key, hash: entry.hash, in: b) else { return false }
            guard let same = equal(entry.value, other.pointee.value, depth: depth + 1) else { return nil }
            if !same { return false }
        }
        return true
    }

    private func isLessSlow(_ l: Value, _ r: Value, orEqual: Bool) -> Int {
        if let a = l.number, let b = r.number { return (orEqual ? a <= b : a < b) ? 1 : 0 }
        guard let order = order(l, r) else {
            _ = fail(.type, "\(article(l)) and \(article(r)) have no order")
            return -1
        }
        return order < 0 || orEqual && order == 0 ? 1 : 0
    }

    /// The order of two values that have one: numbers, strings, chars (also against ints), bools, tuples and arrays of
    /// such. nil for the others, NaN included.
    func order(_ l: Value, _ r: Value, depth: Int = 0) -> Int? {
        if l.isInt, r.isInt { return l.asInt < r.asInt ? -1 : l.asInt == r.asInt ? 0 : 1 }
        if let a = l.number, let b = r.number { return a < b ? -1 : a == b ? 0 : a > b ? 1 : nil }
        switch (l.tag, r.tag) {
        case (Tag.string, Tag.string):
            charge(min(l.object.count, r.object.count) >> 5)
            return Memory.compare(l.object.byteSpan, r.object.byteSpan)
        case (Tag.char, Tag.char), (Tag.bool, Tag.bool): return l.bits < r.bits ? -1 : l.bits == r.bits ? 0 : 1
        case (Tag.char, Tag.int), (Tag.int, Tag.char):
            let a = Int(Int64(bitPattern: l.bits)), b = Int(Int64(bitPattern: r.bits))
            return a < b ? -1 : a == b ? 0 : 1
        case (Tag.tuple, Tag.tuple), (Tag.array, Tag.array):
            charge(1)
            guard depth < MachineLimits.nestingMax, debt < MachineLimits.visitedValuesMax else { return nil }
            let count = min(l.object.count, r.object.count)
            for index in 0..<count {
                let a = l.tag == Tag.tuple ? l.object.values[index] : l.object.elements.unsafelyUnwrapped[index]
                let b = r.tag == Tag.tuple ? r.object.values[index] : r.object.elements.unsafelyUnwrapped[index]
                guard let order = order(a, b, depth: depth + 1) else { return nil }
                if order != 0 { return order }
            }
            return l.object.count < r.object.count ? -1 : l.object.count == r.object.count ? 0 : 1
        default: return nil
        }
    }
}
