/// `format("x={}, {:>8.2}", a, b)`: `{}` and `{:[fill][<^>][0][width][.decimals][x|b|o]}`; `{{` and `}}` are braces.
extension Machine {
    private struct Specification {
        var fill: UInt32 = 32
        var alignment: UInt8?
        var width = 0
        var decimals: Int?
        var radix: Int?
    }

    private static let widthMax = 4096

    /// The formatted text, or nil with an error raised.
    func format(_ arguments: ValueWindow, count: Int) -> [UInt8]? {
        guard arguments[0].tag == Tag.string else {
            _ = fail(.type, "the first argument of format must be a string, this is \(article(arguments[0]))")
            return nil
        }
        let template = [UInt8](arguments[0].object.byteSpan)
        var result: [UInt8] = []
        var next = 1
        var index = 0
        while index < template.count {
            let byte = template[index]
            let isBrace = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}")
            if isBrace, index + 1 < template.count, template[index + 1] == byte {
                result.append(byte)
                index += 2
                continue
            }
            guard byte == UInt8(ascii: "{"), let end = template[index...].firstIndex(of: UInt8(ascii: "}")) else {
                result.append(byte)
                index += 1
                continue
            }
            guard next < count else {
                _ = fail(.arity, "the format asks for more than the \(count - 1) values given")
                return nil
            }
            guard let specification = specification(template[(index + 1)..<end]) else { return nil }
            guard append(arguments[next], specification, to: &result) else { return nil }
            next += 1
            index = end + 1
        }
        guard next == count else {
            _ = fail(.arity, "the format uses \(next - 1) of the \(count - 1) values given")
            return nil
        }
        return result
    }

    private func specification(_ text: ArraySlice<UInt8>) -> Specification? {
        var result = Specification()
        guard !text.isEmpty else { return result }
        var rest = text
        func isAlignment(_ byte: UInt8) -> Bool { byte == 60 || byte == 94 || byte == 62 }
        func number() -> Int {
            var value = 0
            while let digit = rest.first, (48...57).contains(digit) {
                value = min(value * 10 + Int(digit - 48), Self.widthMax)
                rest.removeFirst()
            }
            return value
        }
        guard rest.first == UInt8(ascii: ":") else { return badSpecification(text) }
        rest.removeFirst()
        if rest.count >= 2, isAlignment(rest[rest.startIndex + 1]) {
            result.fill = UInt32(rest.removeFirst())
            result.alignment = rest.removeFirst()
        } else if let first = rest.first, isAlignment(first) {
            result.alignment = rest.removeFirst()
        }
        if rest.first == 48, result.alignment == nil {
            result.fill = 48
            result.alignment = 62
        }
        result.width = number()
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            result.decimals = min(number(), FixedPoint.decimalsMax)
        }
        switch rest.first {
        case UInt8(ascii: "x"): result.radix = 16
        case UInt8(ascii: "b"): result.radix = 2
        case UInt8(ascii: "o"): result.radix = 8
        case nil: return result
        default: return badSpecification(text)
        }
        return rest.count == 1 ? result : badSpecification(text)
    }

    private func badSpecification(_ text: ArraySlice<UInt8>) -> Specification? {
        _ = fail(.value, Array("format does not know {".utf8) + Array(text) + Array("}".utf8))
        return nil
    }

    private func append(_ value: Value, _ specification: Specification, to result: inout [UInt8]) -> Bool {
        var text = self.text(of: value)
        if let decimals = specification.decimals, let number = value.number {
            text = FixedPoint.text(of: number, decimals: decimals)
        }
        if let radix = specification.radix {
            guard value.isInt else {
                return fail(.type, "only an int has digits in base \(radix), not \(article(value))")
            }
            text = Array(String(value.asInt, radix: radix).utf8)
        }
        var characters = 0
        for byte in text where byte & 0xC0 != 0x80 { characters += 1 }
        let padding = max(specification.width - characters, 0)
        let alignment = specification.alignment ?? (value.number != nil ? 62 : 60)
        let left = alignment == 60 ? 0 : alignment == 62 ? padding : padding / 2
        // Zeros go between the sign and the digits.
        if specification.fill == 48, text.first == UInt8(ascii: "-") {
            result.append(text.removeFirst())
        }
        for _ in 0..<left { UTF8Decoding.append(specification.fill, to: &result) }
        result += text
        for _ in 0..<(padding - left) { UTF8Decoding.append(specification.fill, to: &result) }
        return true
    }
}
