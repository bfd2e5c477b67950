extension TemplateRenderer {
    mutating func negate(_ value: TemplateValue, line: Int) throws(TemplateError) -> TemplateValue {
        if let integer = value.integer {
            let (result, overflow) = 0.subtractingReportingOverflow(integer)
            guard !overflow else { throw TemplateError(line: line, problem: .limit("integers")) }
            return .integer(result)
        }
        guard let number = value.number else {
            throw TemplateError(line: line, problem: .type("a value of type " + value.typeName + " has no negative"))
        }
        return .float(-number)
    }

    mutating func apply(
        _ binaryOperator: TemplateExpression.BinaryOperator, _ left: TemplateValue, _ right: TemplateValue, line: Int
    ) throws(TemplateError) -> TemplateValue {
        switch (binaryOperator, left, right) {
        case (.concatenate, _, _):
            let start = try text(left, line: line)
            return try checked(start + (try text(right, line: line)), line: line)
        case (.add, .string(let left), .string(let right)):
            return try checked(left + right, line: line)
        case (.add, .list(let left), .list(let right)):
            try chargeList(left.count + right.count, line: line)
            return .list(left + right)
        case (.multiply, .string(let text), _):
            if let count = right.integer { return try repeated(text, count, line: line) }
        default:
            break
        }
        if let left = left.integer, let right = right.integer {
            return try applyIntegers(binaryOperator, left, right, line: line)
        }
        if let left = left.number, let right = right.number {
            return try applyFloats(binaryOperator, left, right, line: line)
        }
        throw TemplateError(
            line: line,
            problem: .type(
                "unsupported operand types: " + left.typeName + " and " + right.typeName))
    }

    mutating func chargeList(_ count: Int, line: Int) throws(TemplateError) {
        guard count <= TemplateLimits.listCountMax else {
            throw TemplateError(line: line, problem: .limit("list elements"))
        }
        try charge(steps: count / 4, line: line)
    }

    private mutating func repeated(_ text: [UInt8], _ count: Int, line: Int) throws(TemplateError) -> TemplateValue {
        let (size, overflow) = text.count.multipliedReportingOverflow(by: max(count, 0))
        guard !overflow, size <= TemplateLimits.stringByteCountMax else {
            throw TemplateError(line: line, problem: .limit("string bytes"))
        }
        var result: [UInt8] = []
        result.reserveCapacity(size)
        if !text.isEmpty {
            for _ in 0..<max(count, 0) { result += text }
        }
        return try checked(result, line: line)
    }

    private func applyIntegers(
        _ binaryOperator: TemplateExpression.BinaryOperator, _ left: Int, _ right: Int, line: Int
    ) throws(TemplateError) -> TemplateValue {
        let result: (partialValue: Int, overflow: Bool)
        switch binaryOperator {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide:
            guard right != 0 else { throw Self.divisionByZero(line) }
            return .float(Double(left) / Double(right))
        case .floorDivide, .remainder:
            guard right != 0 else { throw Self.divisionByZero(line) }
            // Python rounds towards minus infinity.
            let quotient = left.dividedReportingOverflow(by: right)
            let remainder = left.remainderReportingOverflow(dividingBy: right).partialValue
            let isRounded = remainder != 0 && (remainder < 0) != (right < 0)
            result =
                binaryOperator == .floorDivide
                ? (isRounded ? quotient.partialValue - 1 : quotient.partialValue, quotient.overflow)
                : (isRounded ? remainder + right : remainder, false)
        case .power:
            guard right >= 0 else { throw TemplateError(line: line, problem: .unsupported("a negative power")) }
            result = Self.power(left, right)
        case .concatenate:
            throw TemplateError(line: line, problem: .type("numbers are no text"))
        }
        guard !result.overflow else { throw TemplateError(line: line, problem: .limit("integers")) }
        return .integer(result.partialValue)
    }

    private static func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
        if base == 0 || base == 1 { return (exponent == 0 ? 1 : base, false) }
        if base == -1 { return (exponent % 2 == 0 ? 1 : -1, false) }
        guard exponent < 64 else { return (0, true) }
        var product = 1
        for _ in 0..<exponent {
            let step = product.multipliedReportingOverflow(by: base)
            if step.overflow { return step }
            product = step.partialValue
        }
        return (product, false)
    }

    private static func divisionByZero(_ line: Int) -> TemplateError {
        TemplateError(line: line, problem: .type("division by zero"))
    }

    private func applyFloats(
        _ binaryOperator: TemplateExpression.BinaryOperator, _ left: Double, _ right: Double, line: Int
    ) throws(TemplateError) -> TemplateValue {
        switch binaryOperator {
        case .add: return .float(left + right)
        case .subtract: return .float(left - right)
        case .multiply: return .float(left * right)
        case .divide:
            guard right != 0 else { throw Self.divisionByZero(line) }
            return .float(left / right)
        case .floorDivide, .remainder, .power, .concatenate:
            throw TemplateError(line: line, problem: .unsupported("this operator for fractions"))
        }
    }
}

// MARK: - Comparison

extension TemplateRenderer {
    mutating func compare(
        _ left: TemplateValue, _ comparison: TemplateExpression.ComparisonOperator, _ right: TemplateValue, line: Int
    ) throws(TemplateError) -> Bool {
        switch comparison {
        case .equal: return try isEqual(left, right, line: line)
        case .notEqual: return !(try isEqual(left, right, line: line))
        case .isIn: return try contains(right, left, line: line)
        case .isNotIn: return !(try contains(right, left, line: line))
        case .less: return try isLess(left, right, line: line)
        case .greater: return try isLess(right, left, line: line)
        case .lessOrEqual: return try isEqual(left, right, line: line) ? true : isLess(left, right, line: line)
        case .greaterOrEqual: return try isEqual(left, right, line: line) ? true : isLess(right, left, line: line)
        }
    }

    /// `left == right`, paid for.
    mutating func isEqual(_ left: TemplateValue, _ right: TemplateValue, line: Int) throws(TemplateError) -> Bool {
        var steps = 0
        let isEqual = left.isEqual(to: right, steps: &steps)
        if steps > 1 { try charge(steps: steps, line: line) }
        return isEqual
    }

    mutating func contains(
        _ elements: [TemplateValue], _ element: TemplateValue, line: Int
    ) throws(TemplateError) -> Bool {
        try charge(steps: elements.count / 4, line: line)
        for candidate in elements where try isEqual(candidate, element, line: line) { return true }
        return false
    }

    private func isLess(_ left: TemplateValue, _ right: TemplateValue, line: Int) throws(TemplateError) -> Bool {
        guard let result = left.isLess(than: right) else {
            throw TemplateError(
                line: line,
                problem: .type(
                    left.typeName + " and " + right.typeName + " have no order"))
        }
        return result
    }

    /// `element in container`
    mutating func contains(
        _ container: TemplateValue, _ element: TemplateValue, line: Int
    ) throws(TemplateError) -> Bool {
        switch (container, element) {
        case (.string(let text), .string(let part)):
            try charge(bytes: text.count + part.count, line: line)
            return TemplateText.contains(text, part)
        case (.list(let elements), _):
            return try contains(elements, element, line: line)
        case (.object(let object), .string(let key)):
            return object[key] != nil
        case (.object, _), (.undefined, _):
            return false
        default:
            throw TemplateError(
                line: line,
                problem: .type(
                    "'in' does not take " + element.typeName + " and " + container.typeName))
        }
    }
}
