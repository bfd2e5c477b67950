import HexaBytecode

/// Values as text: what `print` and `to_string` show.
extension Machine {
    func text(of value: Value) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes, depth: 0)
        return bytes
    }

    func append(_ value: Value, to bytes: inout [UInt8], depth: Int) {
        guard depth < MachineLimits.nestingMax, bytes.count < MachineLimits.stringBytesMax else {
            bytes += Array("...".utf8)
            return
        }
        switch value.tag {
        case Tag.string: bytes.append(contentsOf: value.object.byteSpan)
        case Tag.int: appendInt(value.asInt, to: &bytes)
        case Tag.float: bytes += Array(FloatText.text(of: value.asFloat).utf8)
        case Tag.bool: bytes += Array((value.asBool ? "true" : "false").utf8)
        case Tag.char: UTF8Decoding.append(value.asScalar, to: &bytes)
        case Tag.void: bytes += Array("void".utf8)
        case Tag.array:
            let array = value.object
            appendList("[", "]", array.elements, array.count, &bytes, depth)
        case Tag.tuple: appendTuple(value.object, &bytes, depth)
        case Tag.map: appendMap(value.object, &bytes, depth)
        case Tag.structure: appendStruct(value.object, &bytes, depth)
        case Tag.variant, Tag.unitVariant: appendVariant(value, &bytes, depth)
        case Tag.range:
            append(value.object.values[0], to: &bytes, depth: depth + 1)
            bytes += Array((value.object.extra == 1 ? "..=" : "..").utf8)
            append(value.object.values[1], to: &bytes, depth: depth + 1)
        case Tag.error:
            append(value.object.values[0], to: &bytes, depth: depth + 1)
            bytes += Array(" error: ".utf8)
            append(value.object.values[1], to: &bytes, depth: depth + 1)
        case Tag.function: bytes += Array("<fn \(functionName(Int(value.bits)))>".utf8)
        case Tag.closure: bytes += Array("<fn \(functionName(Int(value.object.detail)))>".utf8)
        case Tag.builtin: bytes += Array("<fn \(Builtin.allCases[Int(value.bits)].signature.name)>".utf8)
        case Tag.channel: bytes += Array("<channel>".utf8)
        case Tag.handle: bytes += Array("<handle \(value.bits)>".utf8)
        default: bytes += Array("<cell>".utf8)
        }
    }

    private func functionName(_ index: Int) -> String { name(program.functions[index].name) }

    func appendInt(_ value: Int, to bytes: inout [UInt8]) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(48 + magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        bytes[start...].reverse()
    }

    private func appendList(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ values: ValueWindow?, _ count: Int,
        _ bytes: inout [UInt8], _ depth: Int
    ) {
        bytes.append(UInt8(open.value))
        if let values {
            for index in 0..<count {
                if index > 0 { bytes += [0x2C, 0x20] }
                append(values[index], to: &bytes, depth: depth + 1)
                if bytes.count >= MachineLimits.stringBytesMax { break }
            }
        }
        bytes.append(UInt8(close.value))
    }

    /// A tuple of one element ends in a comma, as it is written.
    private func appendTuple(_ tuple: Object, _ bytes: inout [UInt8], _ depth: Int) {
        appendList("(", ")", tuple.values, tuple.count, &bytes, depth)
        if tuple.count == 1 { bytes.insert(0x2C, at: bytes.count - 1) }
    }

    private func appendMap(_ map: Object, _ bytes: inout [UInt8], _ depth: Int) {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for index in 0..<map.entryCount {
            let entry = map.entries.unsafelyUnwrapped[index]
            if entry.key.tag == Tag.removed { continue }
            if !isFirst { bytes += [0x2C, 0x20] }
            isFirst = false
            append(entry.key, to: &bytes, depth: depth + 1)
            bytes += [0x3A, 0x20]
            append(entry.value, to: &bytes, depth: depth + 1)
            if bytes.count >= MachineLimits.stringBytesMax { break }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private func appendStruct(_ object: Object, _ bytes: inout [UInt8], _ depth: Int) {
        bytes += Array(nominalName(Int(object.detail)).utf8)
        guard case .structure(let fields) = program.nominals[Int(object.detail)].shape, !fields.isEmpty else {
            bytes += Array(" {}".utf8)
            return
        }
        bytes += Array(" { ".utf8)
        for index in 0..<object.count {
            if index > 0 { bytes += [0x2C, 0x20] }
            bytes += program.names[fields[index]]
            bytes += [0x3A, 0x20]
            append(object.values[index], to: &bytes, depth: depth + 1)
        }
        bytes += Array(" }".utf8)
    }

    private func appendVariant(_ value: Value, _ bytes: inout [UInt8], _ depth: Int) {
        let isUnit = value.tag == Tag.unitVariant
        let type = isUnit ? value.unitVariantType : Int(value.object.detail)
        let variant = isUnit ? value.unitVariantIndex : Int(value.object.extra)
        guard case .enumeration(let variants) = program.nominals[type].shape else { return }
        bytes += Array(nominalName(type).utf8) + Array("::".utf8) + program.names[variants[variant].name]
        if !isUnit { appendList("(", ")", value.object.values, value.object.count, &bytes, depth) }
    }
}
