extension TemplateRenderer {
    mutating func evaluateCall(
        _ callee: TemplateExpression, _ arguments: TemplateArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        switch callee.kind {
        case .variable(let name):
            let value = try lookUp(name, line: line)
            if value.isUndefined { throw TemplateError(line: line, problem: .undefined(name)) }
            return try call(value, try evaluate(arguments), line: line)
        case .attribute(let base, let name):
            let object = try evaluate(base)
            let arguments = try evaluate(arguments)
            if case .reference = object { return try call(attribute(name, of: object), arguments, line: line) }
            return try callMethod(String(decoding: name, as: UTF8.self), of: object, arguments, line: line)
        default:
            let value = try evaluate(callee)
            return try call(value, try evaluate(arguments), line: line)
        }
    }

    private mutating func call(
        _ value: TemplateValue, _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        if case .reference(let reference) = value {
            switch reference.kind {
            case .macro(let index, let frame): return try call(index, definedIn: frame, arguments, line: line)
            case .function(let function): return try call(function, arguments, line: line)
            case .namespace, .loop: break
            }
        }
        throw TemplateError(line: line, problem: .type("a value of type " + value.typeName + " cannot be called"))
    }

    private mutating func call(
        _ function: TemplateFunction, _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        switch function {
        case .raiseException:
            let message = try text(arguments.value(0, "message") ?? .undefined, line: line)
            throw TemplateError(line: line, problem: .raised(String(decoding: message, as: UTF8.self)))
        case .namespace, .dict:
            var object = TemplateObject()
            if case .object(let first)? = arguments.positional.first { object = first }
            for argument in arguments.keyword { object[[UInt8](argument.name.utf8)] = argument.value }
            return function == .dict ? try nested(.object(object), line: line) : makeNamespace(object)
        case .range: return try makeRange(arguments, line: line)
        case .strftimeNow: return try formatTime(arguments, line: line)
        }
    }

    private mutating func makeRange(
        _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        let bounds = arguments.positional.compactMap { $0.integer }
        guard bounds.count == arguments.positional.count, (1...3).contains(bounds.count),
            bounds.count < 3 || bounds[2] != 0
        else {
            throw TemplateError(line: line, problem: .type("'range' takes one to three integers"))
        }
        let start = bounds.count == 1 ? 0 : bounds[0]
        let end = bounds.count == 1 ? bounds[0] : bounds[1]
        var elements: [TemplateValue] = []
        for value in stride(from: start, to: end, by: bounds.count == 3 ? bounds[2] : 1) {
            guard elements.count < TemplateLimits.listCountMax else {
                throw TemplateError(line: line, problem: .limit("list elements"))
            }
            elements.append(.integer(value))
        }
        try chargeList(elements.count, line: line)
        return .list(elements)
    }

    private func formatTime(_ arguments: EvaluatedArguments, line: Int) throws(TemplateError) -> TemplateValue {
        guard case .string(let format)? = arguments.value(0, "format") else {
            throw TemplateError(line: line, problem: .type("'strftime_now' takes a format"))
        }
        guard let time else { throw TemplateError(line: line, problem: .undefined("strftime_now")) }
        guard let text = time.formatted(format) else {
            throw TemplateError(line: line, problem: .unsupported("a conversion of 'strftime_now'"))
        }
        return .string(text)
    }
}

// MARK: - Methods

extension TemplateRenderer {
    private mutating func callMethod(
        _ name: String, of value: TemplateValue, _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue {
        switch value {
        case .string(let text):
            try charge(bytes: text.count, line: line)
            if let result = try callStringMethod(name, of: text, arguments, line: line) { return result }
        case .object(let object):
            try charge(steps: object.entries.count, line: line)
            if let result = Self.callObjectMethod(name, of: object, arguments) { return result }
            if case .reference? = object[[UInt8](name.utf8)] {
                return try call(attribute([UInt8](name.utf8), of: value), arguments, line: line)
            }
        case .undefined:
            throw TemplateError(line: line, problem: .undefined(name))
        default:
            break
        }
        throw TemplateError(line: line, problem: .unsupported("method '" + name + "' of " + value.typeName))
    }

    private static func callObjectMethod(
        _ name: String, of object: TemplateObject, _ arguments: EvaluatedArguments
    ) -> TemplateValue? {
        switch name {
        case "items": .list(object.entries.map { .list([.string($0.key), $0.value]) })
        case "keys": .list(object.entries.map { .string($0.key) })
        case "values": .list(object.entries.map { $0.value })
        case "get":
            if case .string(let key)? = arguments.positional.first {
                object[key] ?? arguments.value(1, "default") ?? TemplateValue.null
            } else {
                nil
            }
        default: nil
        }
    }

    /// The result of a string's method; nil if there is none of that name with such arguments.
    private mutating func callStringMethod(
        _ name: String, of text: [UInt8], _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue? {
        let first: [UInt8]? = if case .string(let bytes)? = arguments.positional.first { bytes } else { nil }
        switch name {
        case "strip": return .string(TemplateText.trim(text, .both, of: first))
        case "lstrip": return .string(TemplateText.trim(text, .leading, of: first))
        case "rstrip": return .string(TemplateText.trim(text, .trailing, of: first))
        case "upper": return try checked(TemplateText.changeCase(text, to: .upper), line: line)
        case "lower": return try checked(TemplateText.changeCase(text, to: .lower), line: line)
        case "capitalize": return try checked(TemplateText.capitalize(text), line: line)
        case "title": return try checked(TemplateText.title(text) { !Self.isLetter($0) }, line: line)
        case "startswith":
            return Self.affixes(arguments).map { affixes in
                .boolean(affixes.contains { text.starts(with: $0) })
            }
        case "endswith":
            return Self.affixes(arguments).map { affixes in
                .boolean(affixes.contains { text.count >= $0.count && text.suffix($0.count).elementsEqual($0) })
            }
        case "removeprefix":
            return first.map { .string(text.starts(with: $0) ? Array(text.dropFirst($0.count)) : text) }
        case "removesuffix":
            return first.map {
                .string(text.suffix($0.count).elementsEqual($0) ? Array(text.dropLast($0.count)) : text)
            }
        case "split": return try split(text, arguments, line: line)
        case "splitlines":
            var lines = TemplateText.split(text, by: [0x0a])
            if lines.last?.isEmpty == true { lines.removeLast() }
            return .list(lines.map { .string($0) })
        case "replace":
            return try replace(text, arguments, line: line)
        case "join":
            return try join(
                try elements(of: arguments.positional.first ?? .undefined, line: line),
                by: text, line: line)
        case "find":
            return first.map { part in
                guard let offset = TemplateText.find(part, in: text, from: 0) else { return .integer(-1) }
                return .integer(TemplateText.characterOffsets(Array(text[..<offset])).count - 1)
            }
        case "count":
            return first.flatMap { part in
                part.isEmpty ? nil : .integer(TemplateText.split(text, by: part).count - 1)
            }
        case "isdigit": return .boolean(!text.isEmpty && text.allSatisfy { (0x30...0x39).contains($0) })
        default: return nil
        }
    }

    /// ASCII letters, and all bytes of other characters: what `title` takes for the inside of words.
    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte >= 0x80
    }

    /// What `startswith` and `endswith` look for: a string, or any of several.
    private static func affixes(_ arguments: EvaluatedArguments) -> [[UInt8]]? {
        switch arguments.positional.first {
        case .string(let affix): return [affix]
        case .list(let elements):
            var affixes: [[UInt8]] = []
            for element in elements {
                guard case .string(let affix) = element else { return nil }
                affixes.append(affix)
            }
            return affixes
        default: return nil
        }
    }

    private mutating func split(
        _ text: [UInt8], _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue? {
        let limit = arguments.value(1, "maxsplit")?.integer
        let parts: [[UInt8]]
        switch arguments.value(0, "sep") {
        case .string(let separator) where !separator.isEmpty:
            parts = TemplateText.split(text, by: separator, limit: limit.flatMap { $0 < 0 ? nil : $0 })
        case nil, .some(.null):
            guard limit == nil else { return nil }
            parts = TemplateText.words(text)
        default:
            return nil
        }
        try charge(steps: parts.count, line: line)
        return .list(parts.map { .string($0) })
    }

    mutating func replace(
        _ text: [UInt8], _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> TemplateValue? {
        guard case .string(let old)? = arguments.value(0, "old"), !old.isEmpty,
            let newValue = arguments.value(1, "new")
        else { return nil }
        let new = try self.text(newValue, line: line)
        let count = arguments.value(2, "count")?.integer.flatMap { $0 < 0 ? nil : $0 }
        try charge(bytes: text.count, line: line)
        return try checked(TemplateText.replace(text, old, by: new, count: count), line: line)
    }

    mutating func join(
        _ elements: [TemplateValue], by separator: [UInt8], line: Int
    ) throws(TemplateError) -> TemplateValue {
        var joined: [UInt8] = []
        for (index, element) in elements.enumerated() {
            if index > 0 { joined += separator }
            joined += try text(element, line: line)
            guard joined.count <= TemplateLimits.stringByteCountMax else {
                throw TemplateError(line: line, problem: .limit("string bytes"))
            }
        }
        return try checked(joined, line: line)
    }
}
