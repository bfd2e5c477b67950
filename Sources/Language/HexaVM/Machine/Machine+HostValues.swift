import HexaBytecode

extension Machine {
    /// A copy for the driver. Functions and the like become their text; what is nested too deep becomes void.
    func hostValue(_ value: Value, depth: Int = 0) -> HostValue {
        charge(1)
        guard depth < MachineLimits.nestingMax, debt < MachineLimits.visitedValuesMax else { return .void }
        switch value.tag {
        case Tag.void: return .void
        case Tag.bool: return .bool(value.asBool)
        case Tag.int: return .int(Int64(value.asInt))
        case Tag.float: return .float(value.asFloat)
        case Tag.char: return .char(value.asScalar)
        case Tag.handle: return .handle(value.bits)
        case Tag.string: return .string([UInt8](value.object.byteSpan))
        case Tag.array: return .array(elements(of: value.object, depth))
        case Tag.tuple: return .tuple(values(of: value.object, depth))
        case Tag.map:
            var pairs: [(key: HostValue, value: HostValue)] = []
            let map = value.object
            for index in 0..<map.entryCount {
                let entry = map.entries.unsafelyUnwrapped[index]
                guard entry.key.tag != Tag.removed else { continue }
                pairs.append((hostValue(entry.key, depth: depth + 1), hostValue(entry.value, depth: depth + 1)))
            }
            return .map(pairs)
        case Tag.structure: return .map(fields(of: value.object, depth))
        default: return .string(text(of: value))
        }
    }

    private func elements(of array: Object, _ depth: Int) -> [HostValue] {
        (0..<array.count).map { hostValue(array.elements.unsafelyUnwrapped[$0], depth: depth + 1) }
    }

    private func values(of object: Object, _ depth: Int) -> [HostValue] {
        (0..<object.count).map { hostValue(object.values[$0], depth: depth + 1) }
    }

    private func fields(of object: Object, _ depth: Int) -> [(key: HostValue, value: HostValue)] {
        guard case .structure(let fields) = program.nominals[Int(object.detail)].shape else { return [] }
        return fields.enumerated().map { index, name in
            (.string(program.names[name]), hostValue(object.values[index], depth: depth + 1))
        }
    }

    /// A value of the driver as one of the machine; nil beyond the quota or the nesting limit.
    func machineValue(_ value: HostValue, depth: Int = 0) -> Value? {
        guard depth < MachineLimits.nestingMax else { return nil }
        switch value {
        case .void: return .void
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(Int(value))
        case .float(let value): return .float(value)
        case .char(let scalar): return .char(Unicode.Scalar(scalar) == nil ? 0xFFFD : scalar)
        case .handle(let number): return Value(tag: Tag.handle, bits: number)
        case .string(let bytes):
            let valid = UTF8Text.isValid(bytes) ? bytes : Array(String(decoding: bytes, as: UTF8.self).utf8)
            return heap.newString(valid).map { .object(Tag.string, $0) }
        case .array(let elements):
            guard let array = heap.newArray(count: 0) else { return nil }
            for element in elements {
                guard let converted = machineValue(element, depth: depth + 1), heap.append(converted, to: array) else {
                    return nil
                }
            }
            return .object(Tag.array, array)
        case .tuple(let elements):
            guard let tuple = heap.newAggregate(Tag.tuple, count: elements.count) else { return nil }
            for index in elements.indices { tuple.values[index] = .void }
            for (index, element) in elements.enumerated() {
                guard let converted = machineValue(element, depth: depth + 1) else { return nil }
                tuple.values[index] = converted
            }
            return .object(Tag.tuple, tuple)
        case .map(let pairs):
            guard let map = heap.newMap() else { return nil }
            for pair in pairs {
                guard let key = machineValue(pair.key, depth: depth + 1), let hash = heap.hash(key),
                    let converted = machineValue(pair.value, depth: depth + 1),
                    heap.set(key, hash: hash, to: converted, in: map)
                else { return nil }
            }
            return .object(Tag.map, map)
        }
    }
}
