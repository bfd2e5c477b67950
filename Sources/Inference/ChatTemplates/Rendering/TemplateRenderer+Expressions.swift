/// Arguments of a call, evaluated.
struct EvaluatedArguments {
    var positional: [TemplateValue] = []
    var keyword: [(name: String, value: TemplateValue)] = []

    subscript(keyword name: String) -> TemplateValue? {
        for argument in keyword where argument.name == name { return argument.value }
        return nil
    }

    /// The argument at `position`, or by `name`.
    func value(_ position: Int, _ name: String) -> TemplateValue? {
        position < positional.count ? positional[position] : self[keyword: name]
    }
}

extension TemplateRenderer {
    mutating func evaluate(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
        try enter(line: expression.line)
        defer { leave() }
        let line = expression.line
        switch expression.kind {
        case .literal(let value): return value
        case .variable(let name): return try lookUp(name, line: line)
        case .list(let elements): return try nested(try evaluateList(elements), line: line)
        case .object(let entries): return try nested(try evaluateObject(entries), line: line)
        case .attribute(let base, let name): return try evaluateAttribute(of: base, name, line: line)
        case .element(let base, let key): return try evaluateElement(of: base, key, line: line)
        case .slice(let base, let slice): return try evaluateSlice(of: base, slice, line: line)
        case .not(let operand): return .boolean(!(try evaluate(operand).isTrue))
        case .negative(let operand): return try negate(try evaluate(operand), line: line)
        case .binary(let binaryOperator, let left, let right):
            let left = try evaluate(left)
            return try apply(binaryOperator, left, try evaluate(right), line: line)
        case .and(let left, let right):
            let left = try evaluate(left)
            return left.isTrue ? try evaluate(right) : left
        case .or(let left, let right):
            let left = try evaluate(left)
            return left.isTrue ? left : try evaluate(right)
        case .comparison(let first, let rest): return try evaluateComparison(first, rest, line: line)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(then) }
            guard let otherwise else { return .undefined }
            return try evaluate(otherwise)
        case .call(let callee, let arguments): return try evaluateCall(callee, arguments, line: line)
        case .filter(let operand, let name, let arguments):
            let value = try evaluate(operand)
            return try applyFilter(name, to: value, try evaluate(arguments), line: line)
        case .test(let operand, let name, let arguments, let isNegated):
            let value = try evaluate(operand)
            return .boolean(try test(name, value, try evaluate(arguments), line: line) != isNegated)
        }
    }

    mutating func evaluate(_ arguments: TemplateArguments) throws(TemplateError) -> EvaluatedArguments {
        var evaluated = EvaluatedArguments()
        for argument in arguments.positional { evaluated.positional.append(try evaluate(argument)) }
        for argument in arguments.keyword { evaluated.keyword.append((argument.name, try evaluate(argument.value))) }
        return evaluated
    }

    /// Checks, and pays for the check, that a new value is not nested too deeply.
    mutating func nested(_ value: TemplateValue, line: Int) throws(TemplateError) -> TemplateValue {
        var steps = 0
        let isNested = value.isNested(within: TemplateLimits.valueDepthMax, steps: &steps)
        try charge(steps: steps, line: line)
        guard isNested else { throw TemplateError(line: line, problem: .limit("value depth")) }
        return value
    }

    private mutating func evaluateList(_ elements: [TemplateExpression]) throws(TemplateError) -> TemplateValue {
        var values: [TemplateValue] = []
        for element in elements { values.append(try evaluate(element)) }
        return .list(values)
    }

    private mutating func evaluateObject(
        _ entries: [(key: TemplateExpression, value: TemplateExpression)]
    ) throws(TemplateError) -> TemplateValue {
        var object = TemplateObject()
        for entry in entries {
            guard case .string(let key) = try evaluate(entry.key) else {
                throw TemplateError(line: entry.key.line, problem: .unsupported("a key that is no string"))
            }
            object[key] = try evaluate(entry.value)
            try chargeLookUp(in: .object(object), line: entry.key.line)
        }
        return .object(object)
    }

    private mutating func evaluateComparison(
        _ first: TemplateExpression, _ rest: [(TemplateExpression.ComparisonOperator, TemplateExpression)], line: Int
    ) throws(TemplateError) -> TemplateValue {
        var left = try evaluate(first)
        for (comparison, operand) in rest {
            let right = try evaluate(operand)
            guard try compare(left, comparison, right, line: line) else { return .boolean(false) }
            left = right
        }
        return .boolean(true)
    }
}

// MARK: - Access

extension TemplateRenderer {
    private mutating func evaluateAttribute(
        of base: TemplateExpression, _ name: [UInt8], line: Int
    ) throws(TemplateError) -> TemplateValue {
        let value = try evaluate(base)
        if value.isUndefined { throw TemplateError(line: line, problem: .undefined(Self.describe(base))) }
        try chargeLookUp(in: value, line: line)
        return attribute(name, of: value)
    }

    /// Objects are searched from the front: big ones cost.
    private mutating func chargeLookUp(in value: TemplateValue, line: Int) throws(TemplateError) {
        if case .object(let object) = value, object.entries.count > 64 {
            try charge(steps: object.entries.count / 16, line: line)
        }
    }

    /// How an expression is named in a message.
    private static func describe(_ expression: TemplateExpression) -> String {
        switch expression.kind {
        case .variable(let name): name
        case .attribute(_, let name): String(decoding: name, as: UTF8.self)
        case .element(_, let key):
            if case .literal(.string(let name)) = key.kind { String(decoding: name, as: UTF8.self) } else { "element" }
        default: "value"
        }
    }

    /// An attribute; undefined where there is none.
    func attribute(_ name: [UInt8], of value: TemplateValue) -> TemplateValue {
        switch value {
        case .object(let object): return object[name] ?? .undefined
        case .reference(let reference):
            switch reference.kind {
            case .namespace(let index): return namespaces[index][name] ?? .undefined
            case .loop(let index): return loops.indices.contains(index) ? loops[index].attribute(name) : .undefined
            case .macro(let index, _):
                return name == Array("name".utf8) ? .text(macros[index].name) : .undefined
            case .function: return .undefined
            }
        default: return .undefined
        }
    }

    private mutating func evaluateElement(
        of base: TemplateExpression, _ key: TemplateExpression, line: Int
    ) throws(TemplateError) -> TemplateValue {
        let value = try evaluate(base)
        if value.isUndefined { throw TemplateError(line: line, problem: .undefined(Self.describe(base))) }
        return try element(try evaluate(key), of: value, line: line)
    }

    /// `value[key]`; undefined where there is none.
    mutating func element(
        _ key: TemplateValue, of value: TemplateValue, line: Int
    ) throws(TemplateError) -> TemplateValue {
        switch (value, key) {
        case (.list(let elements), _):
            guard let index = key.integer, let position = Self.position(index, count: elements.count) else {
                return .undefined
            }
            return elements[position]
        case (.string(let text), _):
            guard let index = key.integer else { return .undefined }
            try charge(bytes: text.count, line: line)
            let offsets = TemplateText.characterOffsets(text)
            guard let position = Self.position(index, count: offsets.count - 1) else { return .undefined }
            return .string(Array(text[offsets[position]..<offsets[position + 1]]))
        case (_, .string(let name)):
            try chargeLookUp(in: value, line: line)
            return attribute(name, of: value)
        default:
            return .undefined
        }
    }

    /// Negative indices count from the end.
    private static func position(_ index: Int, count: Int) -> Int? {
        let position = index < 0 ? index + count : index
        return position >= 0 && position < count ? position : nil
    }

    private mutating func evaluateSlice(
        of base: TemplateExpression, _ slice: TemplateSlice, line: Int
    ) throws(TemplateError) -> TemplateValue {
        let value = try evaluate(base)
        let lower = try bound(slice.lower)
        let upper = try bound(slice.upper)
        let step = try bound(slice.step) ?? 1
        guard step != 0 else { throw TemplateError(line: line, problem: .type("a slice's step must not be 0")) }
        switch value {
        case .list(let elements):
            try charge(steps: elements.count / 16, line: line)
            return .list(Self.indices(lower, upper, step, count: elements.count).map { elements[$0] })
        case .string(let text):
            try charge(bytes: text.count, line: line)
            let offsets = TemplateText.characterOffsets(text)
            var bytes: [UInt8] = []
            for index in Self.indices(lower, upper, step, count: offsets.count - 1) {
                bytes += text[offsets[index]..<offsets[index + 1]]
            }
            return .string(bytes)
        case .undefined:
            throw TemplateError(line: line, problem: .undefined(Self.describe(base)))
        default:
            throw TemplateError(line: line, problem: .type("a value of type " + value.typeName + " has no slices"))
        }
    }

    private mutating func bound(_ expression: TemplateExpression?) throws(TemplateError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if case .null = value { return nil }
        guard let integer = value.integer else {
            throw TemplateError(line: expression.line, problem: .type("a slice's bounds are integers"))
        }
        return integer
    }

    /// The positions that Python's `[lower:upper:step]` picks.
    private static func indices(_ lower: Int?, _ upper: Int?, _ step: Int, count: Int) -> [Int] {
        func clamp(_ bound: Int, _ range: ClosedRange<Int>) -> Int {
            let position = bound < 0 ? max(bound, -count - 1) + count : bound
            return min(max(position, range.lowerBound), range.upperBound)
        }
        if step > 0 {
            let start = clamp(lower ?? 0, 0...count)
            let end = clamp(upper ?? count, 0...count)
            return Array(stride(from: start, to: end, by: step))
        }
        let start = lower.map { clamp($0, -1...(count - 1)) } ?? count - 1
        let end = upper.map { clamp($0, -1...(count - 1)) } ?? -1
        return Array(stride(from: start, to: end, by: step))
    }
}

extension TemplateRenderer.LoopState {
    func attribute(_ name: [UInt8]) -> TemplateValue {
        switch String(decoding: name, as: UTF8.self) {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(elements.count - index)
        case "revindex0": .integer(elements.count - index - 1)
        case "first": .boolean(index == 0)
        case "last": .boolean(index == elements.count - 1)
        case "length": .integer(elements.count)
        case "previtem": index > 0 ? elements[index - 1] : .undefined
        case "nextitem": index + 1 < elements.count ? elements[index + 1] : .undefined
        default: .undefined
        }
    }
}
