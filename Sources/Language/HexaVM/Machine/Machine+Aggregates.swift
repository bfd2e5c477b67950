import HexaBytecode

extension Machine {
    // SAFETY: an entry that a map's look-up returns is valid until the map changes.

    func newArray(_ target: ValueWindow, elements: ValueWindow, count: Int) -> Bool {
        collectIfNeeded()
        guard let array = heap.newArray(count: count) else { return outOfMemory() }
        for index in 0..<count { array.elements.unsafelyUnwrapped[index] = elements[index] }
        target.first = .object(Tag.array, array)
        return true
    }

    func appendArray(_ array: Value, elements: ValueWindow, count: Int) -> Bool {
        guard array.tag == Tag.array else { return fail(.type, "\(article(array)) is not an array") }
        collectIfNeeded()
        let object = array.object
        let needed = object.count + count
        if needed > object.elementCapacity, !heap.setCapacity(object, max(needed, object.elementCapacity * 2)) {
            return outOfMemory()
        }
        for index in 0..<count where !heap.append(elements[index], to: object) { return outOfMemory() }
        return true
    }

    func fillArray(_ target: ValueWindow, with value: Value, count: Value) -> Bool {
        guard count.isInt else {
            return fail(.type, "the length of an array must be an int, this is \(article(count))")
        }
        guard count.asInt >= 0 else { return fail(.value, "the length of an array cannot be \(count.asInt)") }
        collectIfNeeded()
        charge(count.asInt >> 5)
        guard let array = heap.newArray(count: count.asInt) else { return outOfMemory() }
        array.elements?.update(repeating: value, count: count.asInt)
        target.first = .object(Tag.array, array)
        return true
    }

    func joinArrays(_ target: ValueWindow, _ left: Object, _ right: Object) -> Bool {
        collectIfNeeded()
        charge((left.count + right.count) >> 4)
        guard let array = heap.newArray(count: left.count + right.count) else { return outOfMemory() }
        if let elements = array.elements {
            if let source = left.elements { elements.update(from: source, count: left.count) }
            if let source = right.elements { (elements + left.count).update(from: source, count: right.count) }
        }
        target.first = .object(Tag.array, array)
        return true
    }

    func newAggregate(
        _ tag: UInt64, _ target: ValueWindow, _ values: ValueWindow, count: Int,
        detail: Int, extra: Int
    ) -> Bool {
        collectIfNeeded()
        guard let object = heap.newAggregate(tag, count: count) else { return outOfMemory() }
        object.detail = UInt32(truncatingIfNeeded: detail)
        object.extra = UInt32(truncatingIfNeeded: extra)
        for index in 0..<count { object.values[index] = values[index] }
        target.first = .object(tag, object)
        return true
    }

    func newMap(_ target: ValueWindow) -> Bool {
        collectIfNeeded()
        guard let map = heap.newMap() else { return outOfMemory() }
        target.first = .object(Tag.map, map)
        return true
    }

    func newStruct(_ target: ValueWindow, _ values: ValueWindow, type: Int) -> Bool {
        guard case .structure(let fields) = program.nominals[type].shape else { return false }
        return newAggregate(Tag.structure, target, values, count: fields.count, detail: type, extra: 0)
    }

    func newVariant(
        _ target: ValueWindow, _ values: ValueWindow, type: Int, variant: Int
    ) -> Bool {
        guard case .enumeration(let variants) = program.nominals[type].shape else { return false }
        let count = variants[variant].payloadCount
        guard count > 0 else {
            target.first = .unitVariant(type: type, index: variant)
            return true
        }
        return newAggregate(Tag.variant, target, values, count: count, detail: type, extra: variant)
    }

    func newRange(_ target: ValueWindow, _ lower: Value, _ upper: Value, isClosed: Bool) -> Bool {
        guard lower.isInt && upper.isInt || lower.tag == Tag.char && upper.tag == Tag.char else {
            return fail(.type, "a range needs two ints or two chars, not \(article(lower)) and \(article(upper))")
        }
        collectIfNeeded()
        guard let range = heap.newAggregate(Tag.range, count: 2) else { return outOfMemory() }
        range.values[0] = lower
        range.values[1] = upper
        range.extra = isClosed ? 1 : 0
        target.first = .object(Tag.range, range)
        return true
    }

    func isVariant(_ value: Value, type: Int, variant: Int) -> Bool {
        if value.tag == Tag.unitVariant { return value.unitVariantType == type && value.unitVariantIndex == variant }
        return value.tag == Tag.variant && Int(value.object.detail) == type && Int(value.object.extra) == variant
    }

    func isArray(_ value: Value, count: Int, orMore: Bool) -> Bool {
        value.tag == Tag.array && (orMore ? value.object.count >= count : value.object.count == count)
    }

    // MARK: Elements

    func index(_ target: ValueWindow, _ container: Value, _ key: Value) -> Bool {
        switch container.tag {
        case Tag.map:
            guard let hash = heap.hash(key) else { return notAKey(key) }
            guard let entry = heap.find(key, hash: hash, in: container.object) else {
                return fail(.key, Array("the map has no key ".utf8) + text(of: key))
            }
            target.first = entry.pointee.value
            return true
        case Tag.array:
            if key.tag == Tag.range { return slice(target, container, key) }
            guard key.isInt else { return fail(.type, "an array is indexed by an int, not by \(article(key))") }
            return badIndex(key.asInt, container.object.count, "array")
        case Tag.string:
            if key.tag == Tag.range { return slice(target, container, key) }
            guard key.isInt else { return fail(.type, "a string is indexed by an int, not by \(article(key))") }
            guard
                let offset =
                    container.object.byteOffset(ofCharacter: key.asInt), offset < container.object.count
            else {
                return badIndex(key.asInt, container.object.characterCount, "string")
            }
            if !container.object.isASCII { charge(container.object.count >> 5) }
            target.first = .char(UTF8Decoding.scalar(container.object.byteSpan, at: offset).scalar)
            return true
        case Tag.tuple:
            guard key.isInt else { return fail(.type, "a tuple is indexed by an int, not by \(article(key))") }
            guard 0..<container.object.count ~= key.asInt else {
                return badIndex(key.asInt, container.object.count, "tuple")
            }
            target.first = container.object.values[key.asInt]
            return true
        default: return fail(.type, "\(article(container)) cannot be indexed")
        }
    }

    func badIndex(_ index: Int, _ count: Int, _ what: StaticString) -> Bool {
        fail(.index, "index \(index) is outside the \(what) of length \(count)")
    }

    func notAKey(_ key: Value) -> Bool { fail(.type, "\(article(key)) cannot be a key of a map") }

    /// Bounds of a range of ints over a sequence of `count`, or nil with an error raised.
    func bounds(of range: Value, count: Int) -> Range<Int>? {
        let object = range.object
        guard object.values[0].isInt, object.values[1].isInt else {
            _ = fail(.type, "a slice needs a range of ints")
            return nil
        }
        let lower = object.values[0].asInt
        let (upper, overflow) = object.values[1].asInt.addingReportingOverflow(object.extra == 1 ? 1 : 0)
        guard !overflow, lower >= 0, lower <= upper, upper <= count else {
            _ = fail(.index, "the slice \(lower)..\(upper) is outside the length \(count)")
            return nil
        }
        return lower..<upper
    }

    private func slice(_ target: ValueWindow, _ container: Value, _ range: Value) -> Bool {
        let object = container.object
        let isString = container.tag == Tag.string
        guard let bounds = bounds(of: range, count: isString ? object.characterCount : object.count) else {
            return false
        }
        return isString ? substring(target, object, bounds) : subarray(target, object, bounds)
    }

    /// `bounds` must lie in the array.
    func subarray(_ target: ValueWindow, _ array: Object, _ bounds: Range<Int>) -> Bool {
        collectIfNeeded()
        charge(bounds.count >> 4)
        guard let result = heap.newArray(count: bounds.count) else { return outOfMemory() }
        if let source = array.elements, let destination = result.elements {
            destination.update(from: source + bounds.lowerBound, count: bounds.count)
        }
        target.first = .object(Tag.array, result)
        return true
    }

    /// `bounds` counts characters and must lie in the string.
    func substring(_ target: ValueWindow, _ string: Object, _ bounds: Range<Int>) -> Bool {
        collectIfNeeded()
        guard let start = string.byteOffset(ofCharacter: bounds.lowerBound),
            let end = string.byteOffset(ofCharacter: bounds.upperBound)
        else { return false }
        charge((string.isASCII ? end - start : string.count) >> 5)
        guard let result = heap.newString(string.bytes + start, count: end - start) else { return outOfMemory() }
        target.first = .object(Tag.string, result)
        return true
    }

    func setIndex(_ container: Value, _ key: Value, _ value: Value) -> Bool {
        switch container.tag {
        case Tag.map:
            collectIfNeeded()
            guard let hash = heap.hash(key) else { return notAKey(key) }
            return heap.set(key, hash: hash, to: value, in: container.object) || outOfMemory()
        case Tag.array:
            guard key.isInt else { return fail(.type, "an array is indexed by an int, not by \(article(key))") }
            return badIndex(key.asInt, container.object.count, "array")
        case Tag.string: return fail(.type, "a string cannot be changed: build a new one")
        default: return fail(.type, "\(article(container)) cannot be indexed")
        }
    }

    // MARK: Fields

    /// Index of a struct's field, or -1. `hint` is where the compiler found a field of that name.
    @inline(__always)
    func fieldIndex(_ type: Int, name: Int, hint: Int) -> Int {
        let row = fieldTable[type]
        if hint < row.count, fieldNames[row.start + hint] == name { return hint }
        for index in 0..<row.count where fieldNames[row.start + index] == name { return index }
        return -1
    }

    func field(_ target: ValueWindow, of value: Value, name index: Int) -> Bool {
        if value.tag == Tag.error {
            let fields = ["kind", "message", "line", "column"]
            if let position = fields.firstIndex(where: { Array($0.utf8) == program.names[index] }) {
                target.first = value.object.values[position]
                return true
            }
        }
        return missingField(value, name: index)
    }

    func missingField(_ value: Value, name index: Int) -> Bool {
        fail(.field, "\(article(value)) has no field \(name(index))")
    }

    func element(_ target: ValueWindow, of value: Value, _ index: Int) -> Bool {
        switch value.tag {
        case Tag.tuple, Tag.structure, Tag.variant:
            guard index < value.object.count else { return badIndex(index, value.object.count, "tuple") }
            target.first = value.object.values[index]
            return true
        case Tag.array:
            guard index < value.object.count else { return badIndex(index, value.object.count, "array") }
            target.first = value.object.elements.unsafelyUnwrapped[index]
            return true
        default: return fail(.type, "\(article(value)) has no element \(index)")
        }
    }

    // MARK: Annotations

    /// An int becomes a float where a float is asked for; anything else of the wrong type is an error.
    func checkType(_ target: ValueWindow, type index: Int, isResult: Bool) -> Bool {
        let value = target.first
        let descriptor = program.types[index]
        if conforms(value, to: descriptor) { return true }
        if descriptor == .float, value.isInt {
            target.first = .float(Double(value.asInt))
            return true
        }
        let what = isResult ? "the result must be" : "expected"
        return fail(.type, "\(what) \(text(of: descriptor)), got \(article(value))")
    }

    private func conforms(_ value: Value, to type: TypeDescriptor) -> Bool {
        switch type {
        case .any: true
        case .void: value.tag == Tag.void
        case .bool: value.tag == Tag.bool
        case .int: value.isInt
        case .float: value.isFloat
        case .char: value.tag == Tag.char
        case .string: value.tag == Tag.string
        case .array: value.tag == Tag.array
        case .tuple(let count): value.tag == Tag.tuple && value.object.count == count
        case .map: value.tag == Tag.map
        case .function: value.tag == Tag.function || value.tag == Tag.closure || value.tag == Tag.builtin
        case .range: value.tag == Tag.range
        case .channel: value.tag == Tag.channel
        case .nominal(let index): receiverClass(of: value) == ReceiverClass.builtinCount + index
        case .oneOf(let classes): classes.contains(ReceiverClass(index: receiverClass(of: value)))
        }
    }

    private func text(of type: TypeDescriptor) -> String {
        switch type {
        case .any: "any"
        case .void: "void"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .char: "char"
        case .string: "string"
        case .array: "array"
        case .tuple(let count): "tuple of \(count)"
        case .map: "map"
        case .function: "fn"
        case .range: "range"
        case .channel: "channel"
        case .nominal(let index): nominalName(index)
        case .oneOf: "a type that implements the trait"
        }
    }
}
