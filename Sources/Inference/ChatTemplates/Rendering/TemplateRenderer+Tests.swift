extension TemplateRenderer {
    /// `value is name(arguments)`
    mutating func test(
        _ name: String, _ value: TemplateValue, _ arguments: EvaluatedArguments, line: Int
    ) throws(TemplateError) -> Bool {
        if let holds = Self.testKind(name, value) { return holds }
        let argument = arguments.positional.first ?? .undefined
        switch name {
        case "equalto", "eq", "==", "sameas": return try isEqual(value, argument, line: line)
        case "ne", "!=": return !(try isEqual(value, argument, line: line))
        case "lt", "<", "lessthan": return try compare(value, .less, argument, line: line)
        case "le", "<=": return try compare(value, .lessOrEqual, argument, line: line)
        case "gt", ">", "greaterthan": return try compare(value, .greater, argument, line: line)
        case "ge", ">=": return try compare(value, .greaterOrEqual, argument, line: line)
        case "in": return try contains(argument, value, line: line)
        case "odd", "even":
            guard let integer = value.integer else {
                throw TemplateError(line: line, problem: .type("'" + name + "' takes an integer"))
            }
            return (integer % 2 != 0) == (name == "odd")
        case "divisibleby":
            guard let integer = value.integer, let divisor = argument.integer, divisor != 0 else {
                throw TemplateError(line: line, problem: .type("'divisibleby' takes two integers"))
            }
            return integer.remainderReportingOverflow(dividingBy: divisor).partialValue == 0
        case "lower", "upper":
            guard case .string(let text) = value else { return false }
            return text == TemplateText.changeCase(text, to: name == "lower" ? .lower : .upper)
        default:
            throw TemplateError(line: line, problem: .unsupported("the test '" + name + "'"))
        }
    }

    /// The tests for a value's kind; nil for a name that is none of them.
    private static func testKind(_ name: String, _ value: TemplateValue) -> Bool? {
        switch name {
        case "defined": !value.isUndefined
        case "undefined": value.isUndefined
        case "none": if case .null = value { true } else { false }
        case "string": if case .string = value { true } else { false }
        case "boolean": if case .boolean = value { true } else { false }
        case "true": if case .boolean(true) = value { true } else { false }
        case "false": if case .boolean(false) = value { true } else { false }
        case "integer": if case .integer = value { true } else { false }
        case "float": if case .float = value { true } else { false }
        case "number": value.number != nil
        case "mapping": if case .object = value { true } else { false }
        case "sequence", "iterable":
            switch value {
            case .string, .list, .object, .undefined: true
            default: false
            }
        case "callable":
            if case .reference(let reference) = value {
                switch reference.kind {
                case .macro, .function: true
                case .namespace, .loop: false
                }
            } else {
                false
            }
        default: nil
        }
    }
}
