extension TemplateRenderer {
    /// `value | name(arguments)`
    mutating func applyFilter(
        _ name: String, to value: TemplateValue, _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        switch name {
        case "default", "d":
            let replaces = value.isUndefined || (arguments.value(1, "boolean")?.isTrue == true && !value.isTrue)
            return replaces ? arguments.value(0, "default_value") ?? .string([]) : value
        case "tojson": return try toJSON(value, arguments, line: line)
        case "string": return .string(try text(value, line: line))
        case "safe": return value
        case "int": return Self.toInteger(value) ?? arguments.value(0, "default") ?? .integer(0)
        case "float": return value.number.map { .float($0) } ?? arguments.value(0, "default") ?? .float(0)
        case "length", "count": return try length(value, line: line)
        case "abs":
            guard let number = value.number else { throw Self.wrongOperand(name, value, line) }
            return number < 0 ? try negate(value, line: line) : value
        case "items", "dictsort": return try items(value, sorted: name == "dictsort", line: line)
        default: break
        }
        if let result = try applyTextFilter(name, to: value, arguments, line: line) { return result }
        if let result = try applyListFilter(name, to: value, arguments, line: line) { return result }
        throw TemplateError(line: line, problem: .unsupported("the filter '" + name + "' with such arguments"))
    }

    private static func wrongOperand(_ name: String, _ value: TemplateValue, _ line: Int) -> TemplateError {
        TemplateError(line: line, problem: .type("'" + name + "' does not take a value of type " + value.typeName))
    }

    private mutating func toJSON(
        _ value: TemplateValue, _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        var style = TemplatePrinter.JSONStyle()
        if let indent = arguments.value(0, "indent")?.integer, indent >= 0 {
            style.indent = min(indent, 16)
            style.itemSeparator = [UInt8(ascii: ",")]
        }
        if case .list(let separators)? = arguments[keyword: "separators"], separators.count == 2,
            case .string(let item) = separators[0], case .string(let key) = separators[1]
        {
            style.itemSeparator = item
            style.keySeparator = key
        }
        style.sortsKeys = arguments[keyword: "sort_keys"]?.isTrue ?? false
        style.escapesNonASCII = arguments[keyword: "ensure_ascii"]?.isTrue ?? false
        if value.isUndefined { throw TemplateError(line: line, problem: .type("an undefined value has no JSON")) }
        var printer = TemplatePrinter()
        printer.printJSON(value, style)
        guard !printer.exceedsLimits else { throw TemplateError(line: line, problem: .limit("printed values")) }
        return try checked(printer.bytes, line: line)
    }

    private static func toInteger(_ value: TemplateValue) -> TemplateValue? {
        switch value {
        case .float(let number): return number.magnitude < 0x1p63 ? .integer(Int(number)) : nil
        case .string(let text):
            return Int(String(decoding: TemplateText.trim(text, .both), as: UTF8.self)).map { .integer($0) }
        default: return value.integer.map { .integer($0) }
        }
    }

    private mutating func length(_ value: TemplateValue, line: Int) throws(TemplateError) -> TemplateValue {
        switch value {
        case .string(let text):
            try charge(bytes: text.count, line: line)
            return .integer(TemplateText.characterOffsets(text).count - 1)
        case .list(let elements): return .integer(elements.count)
        case .object(let object): return .integer(object.entries.count)
        case .undefined: return .integer(0)
        default: throw Self.wrongOperand("length", value, line)
        }
    }

    private mutating func items(
        _ value: TemplateValue, sorted: Bool, line: Int
    ) throws(TemplateError) -> TemplateValue {
        if value.isUndefined { return .list([]) }
        guard case .object(let object) = value else { throw Self.wrongOperand("items", value, line) }
        try charge(steps: object.entries.count, line: line)
        let entries =
            sorted
            ? object.entries.sorted { $0.key.lexicographicallyPrecedes($1.key) } : object.entries
        return .list(entries.map { .list([.string($0.key), $0.value]) })
    }
}

// MARK: - Text

extension TemplateRenderer {
    private mutating func applyTextFilter(
        _ name: String, to value: TemplateValue, _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue? {
        switch name {
        case "trim":
            let characters: [UInt8]? = if case .string(let bytes)? = arguments.value(0, "chars") { bytes } else { nil }
            return .string(TemplateText.trim(try operand(value, line), .both, of: characters))
        case "upper": return try checked(TemplateText.changeCase(try operand(value, line), to: .upper), line: line)
        case "lower": return try checked(TemplateText.changeCase(try operand(value, line), to: .lower), line: line)
        case "capitalize": return try checked(TemplateText.capitalize(try operand(value, line)), line: line)
        case "title":
            // Jinja's words end at white space, hyphens and opening brackets only.
            return try checked(
                TemplateText.title(try operand(value, line)) { byte in
                    byte == 0x20 || (0x09...0x0d).contains(byte) || Array("-({[<".utf8).contains(byte)
                }, line: line)
        case "replace": return try replace(try operand(value, line), arguments, line: line)
        case "indent": return try indent(try operand(value, line), arguments, line: line)
        case "escape", "e", "forceescape": return try checked(Self.escapeHTML(try operand(value, line)), line: line)
        default: return nil
        }
    }

    /// The text that a filter works on, paid for.
    private mutating func operand(_ value: TemplateValue, _ line: Int) throws(TemplateError) -> [UInt8] {
        let text = try text(value, line: line)
        try charge(bytes: text.count, line: line)
        return text
    }

    private mutating func indent(
        _ text: [UInt8], _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        let prefix: [UInt8] =
            if case .string(let bytes)? = arguments.value(0, "width") {
                bytes
            } else {
                [UInt8](
                    repeating: UInt8(ascii: " "), count: min(max(arguments.value(0, "width")?.integer ?? 4, 0), 256))
            }
        let indentsFirst = arguments.value(1, "first")?.isTrue ?? false
        let indentsBlank = arguments.value(2, "blank")?.isTrue ?? false
        var result: [UInt8] = []
        for (index, row) in TemplateText.split(text, by: [0x0a]).enumerated() {
            if index > 0 { result.append(0x0a) }
            let isIndented = index == 0 ? indentsFirst : indentsBlank || !row.isEmpty
            if isIndented { result += prefix }
            result += row
            guard result.count <= TemplateLimits.stringByteCountMax else { break }
        }
        return try checked(result, line: line)
    }

    private static func escapeHTML(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text {
            switch byte {
            case UInt8(ascii: "&"): result += Array("&amp;".utf8)
            case UInt8(ascii: "<"): result += Array("&lt;".utf8)
            case UInt8(ascii: ">"): result += Array("&gt;".utf8)
            case UInt8(ascii: "\""): result += Array("&#34;".utf8)
            case UInt8(ascii: "'"): result += Array("&#39;".utf8)
            default: result.append(byte)
            }
        }
        return result
    }
}

// MARK: - Lists

extension TemplateRenderer {
    private mutating func applyListFilter(
        _ name: String, to value: TemplateValue, _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue? {
        switch name {
        case "list": return .list(try elements(of: value, line: line))
        case "first": return try elements(of: value, line: line).first ?? .undefined
        case "last": return try elements(of: value, line: line).last ?? .undefined
        case "reverse":
            if case .string = value {
                return try join(try elements(of: value, line: line).reversed(), by: [], line: line)
            }
            return .list(try elements(of: value, line: line).reversed())
        case "join":
            let parts = try picked(try elements(of: value, line: line), arguments.value(1, "attribute"), line: line)
            return try join(parts, by: try text(arguments.value(0, "d") ?? .string([]), line: line), line: line)
        case "map":
            return try map(value.isTrue ? try elements(of: value, line: line) : [], arguments, line: line)
        case "select", "reject", "selectattr", "rejectattr":
            // Jinja does not ask an empty value what it is: `none` has no elements here.
            return try select(name, value.isTrue ? try elements(of: value, line: line) : [], arguments, line: line)
        case "sort": return try sort(try elements(of: value, line: line), arguments, line: line)
        case "unique": return try unique(try elements(of: value, line: line), line: line)
        case "sum":
            var sum = TemplateValue.integer(0)
            let attribute = arguments.value(0, "attribute")
            for element in try picked(try elements(of: value, line: line), attribute, line: line) {
                sum = try apply(.add, sum, element, line: line)
            }
            return sum
        case "min", "max":
            var best: TemplateValue?
            for element in try elements(of: value, line: line) {
                guard let current = best else { best = element; continue }
                let isLess = try compare(element, .less, current, line: line)
                if try name == "min" ? isLess : compare(current, .less, element, line: line) { best = element }
            }
            return best ?? .undefined
        default: return nil
        }
    }

    /// Each element's attribute, a dotted path or an index; the elements themselves without one.
    private mutating func picked(
        _ elements: [TemplateValue], _ path: TemplateValue?, line: Int
    ) throws(TemplateError) -> [TemplateValue] {
        guard let path else { return elements }
        var values: [TemplateValue] = []
        for element in elements { values.append(try pick(path, of: element, line: line)) }
        return values
    }

    private mutating func pick(
        _ path: TemplateValue, of element: TemplateValue, line: Int
    ) throws(TemplateError) -> TemplateValue {
        try charge(line: line)
        guard case .string(let name) = path else { return try self.element(path, of: element, line: line) }
        var value = element
        for part in TemplateText.split(name, by: [UInt8(ascii: ".")]) { value = attribute(part, of: value) }
        return value
    }

    private mutating func map(
        _ elements: [TemplateValue], _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        if let path = arguments[keyword: "attribute"] {
            var values = try picked(elements, path, line: line)
            if let replacement = arguments[keyword: "default"] {
                values = values.map { $0.isUndefined ? replacement : $0 }
            }
            return .list(values)
        }
        guard case .string(let filter)? = arguments.positional.first else {
            throw TemplateError(line: line, problem: .type("'map' takes a filter or an attribute"))
        }
        let rest = EvaluatedArguments(positional: Array(arguments.positional.dropFirst()), keyword: arguments.keyword)
        var values: [TemplateValue] = []
        for element in elements {
            // Filters may map in turn: the depth is bounded like that of expressions.
            try enter(line: line)
            values.append(try applyFilter(String(decoding: filter, as: UTF8.self), to: element, rest, line: line))
            leave()
        }
        return .list(values)
    }

    private mutating func select(
        _ name: String, _ elements: [TemplateValue], _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        let byAttribute = name == "selectattr" || name == "rejectattr"
        let keeps = name == "select" || name == "selectattr"
        var rest = arguments.positional[...]
        let path = byAttribute ? rest.popFirst() : nil
        if byAttribute, path == nil { throw TemplateError(line: line, problem: .type("'" + name + "' takes a name")) }
        let testName: String? =
            if case .string(let bytes)? = rest.popFirst() {
                String(decoding: bytes, as: UTF8.self)
            } else {
                nil
            }
        let testArguments = EvaluatedArguments(positional: Array(rest), keyword: arguments.keyword)
        var kept: [TemplateValue] = []
        for element in elements {
            try charge(line: line)
            let picked = try path.map { (path) throws(TemplateError) in try pick(path, of: element, line: line) }
            let value = picked ?? element
            let holds =
                try testName.map { (name) throws(TemplateError) in
                    try test(name, value, testArguments, line: line)
                } ?? value.isTrue
            if holds == keeps { kept.append(element) }
        }
        return .list(kept)
    }

    private mutating func sort(
        _ elements: [TemplateValue], _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        let isReversed = arguments.value(0, "reverse")?.isTrue ?? false
        let isCaseSensitive = arguments.value(1, "case_sensitive")?.isTrue ?? false
        var keys = try picked(elements, arguments.value(2, "attribute"), line: line)
        if !isCaseSensitive {
            keys = keys.map { key in
                if case .string(let text) = key { .string(TemplateText.changeCase(text, to: .lower)) } else { key }
            }
        }
        for (key, next) in zip(keys, keys.dropFirst()) where key.isLess(than: next) == nil {
            throw TemplateError(line: line, problem: .type(key.typeName + " and " + next.typeName + " have no order"))
        }
        try charge(steps: elements.count, line: line)
        // The sort is stable in Python, and so when reversed.
        let order = keys.indices.sorted { first, second in
            if keys[first].isLess(than: keys[second]) ?? false { return !isReversed }
            if keys[second].isLess(than: keys[first]) ?? false { return isReversed }
            return first < second
        }
        return .list(order.map { elements[$0] })
    }

    private mutating func unique(_ elements: [TemplateValue], line: Int) throws(TemplateError) -> TemplateValue {
        var kept: [TemplateValue] = []
        for element in elements {
            // Quadratic, and paid for as such.
            if try !contains(kept, element, line: line) { kept.append(element) }
        }
        return .list(kept)
    }
}
