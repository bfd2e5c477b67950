import Bytes

/// Writes values as Python's `str` and `repr` and as `json.dumps` do.
struct TemplatePrinter {
    private(set) var bytes: [UInt8] = []
    /// Set once a value was nested too deeply or the text became too long; the text is then incomplete.
    private(set) var exceedsLimits = false

    /// How `tojson` lays out text.
    struct JSONStyle {
        /// Spaces of each level; nil puts everything on one line.
        var indent: Int?
        var itemSeparator: [UInt8] = Array(", ".utf8)
        var keySeparator: [UInt8] = Array(": ".utf8)
        var sortsKeys = false
        var escapesNonASCII = false
    }

    /// `str(value)`: strings as they are, undefined as nothing.
    mutating func printText(_ value: TemplateValue) {
        switch value {
        case .string(let string): bytes += string
        case .undefined: break
        default: printRepresentation(value, depth: TemplateLimits.valueDepthMax)
        }
    }

    private mutating func printRepresentation(_ value: TemplateValue, depth: Int) {
        guard check(depth) else { return }
        switch value {
        case .undefined: append("Undefined")
        case .null: append("None")
        case .boolean(let value): append(value ? "True" : "False")
        case .integer(let value): append("\(value)")
        case .float(let value): append(Self.text(of: value, infinity: "inf", nan: "nan"))
        case .string(let string): printQuoted(string)
        case .list(let elements):
            append("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { append(", ") }
                printRepresentation(element, depth: depth - 1)
            }
            append("]")
        case .object(let object):
            append("{")
            for (index, entry) in object.entries.enumerated() {
                if index > 0 { append(", ") }
                printQuoted(entry.key)
                append(": ")
                printRepresentation(entry.value, depth: depth - 1)
            }
            append("}")
        case .reference: append("<object>")
        }
    }

    /// Python's string literal: single quotes unless only double quotes need no escape.
    private mutating func printQuoted(_ string: [UInt8]) {
        let quote =
            string.contains(UInt8(ascii: "'")) && !string.contains(UInt8(ascii: "\""))
            ? UInt8(ascii: "\"") : UInt8(ascii: "'")
        bytes.append(quote)
        for byte in string {
            switch byte {
            case quote, UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0a: append("\\n")
            case 0x0d: append("\\r")
            case 0x09: append("\\t")
            case 0x00...0x1f, 0x7f: append("\\x"); appendHexadecimal(UInt32(byte), digits: 2)
            default: bytes.append(byte)
            }
        }
        bytes.append(quote)
    }

    private mutating func check(_ depth: Int) -> Bool {
        if depth <= 0 || bytes.count > TemplateLimits.stringByteCountMax { exceedsLimits = true }
        return !exceedsLimits
    }

    private mutating func append(_ text: String) { bytes += Array(text.utf8) }

    private mutating func appendHexadecimal(_ value: UInt32, digits: Int) {
        for position in (0..<digits).reversed() {
            let digit = UInt8(value >> UInt32(4 * position) & 15)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private static func text(of value: Double, infinity: String, nan: String) -> String {
        if value.isNaN { return nan }
        if value.isInfinite { return value < 0 ? "-" + infinity : infinity }
        return value.description
    }
}

// MARK: - JSON

extension TemplatePrinter {
    mutating func printJSON(_ value: TemplateValue, _ style: JSONStyle, level: Int = 0) {
        guard check(TemplateLimits.valueDepthMax - level) else { return }
        switch value {
        case .undefined, .null, .reference: append("null")
        case .boolean(let value): append(value ? "true" : "false")
        case .integer(let value): append("\(value)")
        case .float(let value): append(Self.text(of: value, infinity: "Infinity", nan: "NaN"))
        case .string(let string): printJSONString(string, style)
        case .list(let elements):
            guard !elements.isEmpty else { return append("[]") }
            append("[")
            for (index, element) in elements.enumerated() {
                separate(index, style, level: level + 1)
                printJSON(element, style, level: level + 1)
            }
            breakLine(style, level: level)
            append("]")
        case .object(let object):
            guard !object.entries.isEmpty else { return append("{}") }
            append("{")
            let entries =
                style.sortsKeys
                ? object.entries.sorted { $0.key.lexicographicallyPrecedes($1.key) } : object.entries
            for (index, entry) in entries.enumerated() {
                separate(index, style, level: level + 1)
                printJSONString(entry.key, style)
                bytes += style.keySeparator
                printJSON(entry.value, style, level: level + 1)
            }
            breakLine(style, level: level)
            append("}")
        }
    }

    private mutating func separate(_ index: Int, _ style: JSONStyle, level: Int) {
        if index > 0 { bytes += style.itemSeparator }
        breakLine(style, level: level)
    }

    private mutating func breakLine(_ style: JSONStyle, level: Int) {
        guard let indent = style.indent else { return }
        bytes.append(0x0a)
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: indent * level)
    }

    private mutating func printJSONString(_ string: [UInt8], _ style: JSONStyle) {
        append("\"")
        var index = 0
        while index < string.count {
            let byte = string[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0a: append("\\n")
            case 0x0d: append("\\r")
            case 0x09: append("\\t")
            case 0x08: append("\\b")
            case 0x0c: append("\\f")
            case 0x00...0x1f: append("\\u"); appendHexadecimal(UInt32(byte), digits: 4)
            case 0x80... where style.escapesNonASCII:
                let (scalar, length) = string.span.scalar(at: index) ?? ("\u{fffd}", 1)
                for unit in UTF16.encode(scalar)! {
                    append("\\u")
                    appendHexadecimal(UInt32(unit), digits: 4)
                }
                index += length - 1
            default: bytes.append(byte)
            }
            index += 1
        }
        append("\"")
    }
}
