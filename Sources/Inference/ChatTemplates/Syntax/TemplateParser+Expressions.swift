extension TemplateParser {
    mutating func parseExpression() throws(TemplateError) -> TemplateExpression {
        try enter()
        defer { leave() }
        var expression = try parseBinary(.or)
        while token.kind.isName("if") {
            advance()
            let condition = try parseBinary(.or)
            let otherwise = skip(name: "else") ? try parseExpression() : nil
            let then = expression
            expression = try make(
                .conditional(condition: condition, then: then, otherwise: otherwise), at: then.line,
                over: [condition, then] + (otherwise.map { [$0] } ?? []))
        }
        return expression
    }

    /// One expression, or several with commas between, which make a list.
    mutating func parseTuple(allowsConditional: Bool) throws(TemplateError) -> TemplateExpression {
        let first = allowsConditional ? try parseExpression() : try parseBinary(.or)
        guard token.kind.isSymbol(.comma) else { return first }
        var elements = [first]
        while skip(.comma) {
            switch token.kind {
            case .blockEnd, .outputEnd: break
            default: elements.append(allowsConditional ? try parseExpression() : try parseBinary(.or))
            }
        }
        return try make(.list(elements), at: first.line, over: elements)
    }

    func make(
        _ kind: TemplateExpression.Kind, at line: Int, over parts: [TemplateExpression] = []
    ) throws(TemplateError) -> TemplateExpression {
        var height = 1
        for part in parts { height = max(height, part.height + 1) }
        guard height <= TemplateLimits.expressionHeightMax else {
            throw TemplateError(line: line, problem: .limit("expression height"))
        }
        return TemplateExpression(kind: kind, line: line, height: height)
    }
}

// MARK: - Operators

extension TemplateParser {
    /// Levels of precedence, the loosest first.
    private enum Precedence: Int {
        case or, and, comparison, sum, concatenation, product, power, unary

        var next: Precedence { Precedence(rawValue: rawValue + 1) ?? .unary }
    }

    /// An operand of operators of at least the given precedence.
    private mutating func parseBinary(_ precedence: Precedence) throws(TemplateError) -> TemplateExpression {
        switch precedence {
        case .unary:
            return try parseUnary()
        case .comparison:
            return try parseComparison()
        default:
            var left = try parseBinary(precedence.next)
            while let (makeKind, line) = takeOperator(precedence) {
                let right = try parseBinary(precedence.next)
                left = try make(makeKind(left, right), at: line, over: [left, right])
            }
            return left
        }
    }

    private typealias Making = (TemplateExpression, TemplateExpression) -> TemplateExpression.Kind

    private mutating func takeOperator(_ precedence: Precedence) -> (Making, line: Int)? {
        let line = token.line
        let making: Making
        switch (precedence, token.kind) {
        case (.or, .name("or")): making = { .or($0, $1) }
        case (.and, .name("and")): making = { .and($0, $1) }
        case (.sum, .symbol(.plus)): making = { .binary(.add, $0, $1) }
        case (.sum, .symbol(.minus)): making = { .binary(.subtract, $0, $1) }
        case (.concatenation, .symbol(.tilde)): making = { .binary(.concatenate, $0, $1) }
        case (.product, .symbol(.star)): making = { .binary(.multiply, $0, $1) }
        case (.product, .symbol(.slash)): making = { .binary(.divide, $0, $1) }
        case (.product, .symbol(.doubleSlash)): making = { .binary(.floorDivide, $0, $1) }
        case (.product, .symbol(.percent)): making = { .binary(.remainder, $0, $1) }
        case (.power, .symbol(.doubleStar)): making = { .binary(.power, $0, $1) }
        default: return nil
        }
        advance()
        return (making, line)
    }

    private mutating func parseComparison() throws(TemplateError) -> TemplateExpression {
        let line = token.line
        if skip(name: "not") {
            try enter()
            defer { leave() }
            let operand = try parseComparison()
            return try make(.not(operand), at: line, over: [operand])
        }
        let first = try parseBinary(.sum)
        var rest: [(TemplateExpression.ComparisonOperator, TemplateExpression)] = []
        while let comparison = takeComparison() { rest.append((comparison, try parseBinary(.sum))) }
        if rest.isEmpty { return first }
        return try make(.comparison(first, rest), at: line, over: [first] + rest.map { $0.1 })
    }

    private mutating func takeComparison() -> TemplateExpression.ComparisonOperator? {
        let comparison: TemplateExpression.ComparisonOperator
        switch token.kind {
        case .symbol(.equal): comparison = .equal
        case .symbol(.notEqual): comparison = .notEqual
        case .symbol(.less): comparison = .less
        case .symbol(.lessOrEqual): comparison = .lessOrEqual
        case .symbol(.greater): comparison = .greater
        case .symbol(.greaterOrEqual): comparison = .greaterOrEqual
        case .name("in"): comparison = .isIn
        case .name("not") where nextToken.kind.isName("in"):
            advance()
            comparison = .isNotIn
        default: return nil
        }
        advance()
        return comparison
    }

    private mutating func parseUnary(allowsFilters: Bool = true) throws(TemplateError) -> TemplateExpression {
        let line = token.line
        var expression: TemplateExpression
        if token.kind.isSymbol(.minus) || token.kind.isSymbol(.plus) {
            let isNegative = token.kind.isSymbol(.minus)
            advance()
            try enter()
            defer { leave() }
            let operand = try parseUnary(allowsFilters: false)
            expression = isNegative ? try make(.negative(operand), at: line, over: [operand]) : operand
        } else {
            expression = try parsePostfix(try parsePrimary())
        }
        return allowsFilters ? try parseFilters(expression) : expression
    }
}

// MARK: - Operands

extension TemplateParser {
    private mutating func parsePrimary() throws(TemplateError) -> TemplateExpression {
        let line = token.line
        switch token.kind {
        case .name(let name):
            advance()
            return try make(Self.constant(name).map { .literal($0) } ?? .variable(name), at: line)
        case .string(var bytes):
            advance()
            while case .string(let more) = token.kind {
                bytes += more
                advance()
            }
            return try make(.literal(.string(bytes)), at: line)
        case .integer(let value):
            advance()
            return try make(.literal(.integer(value)), at: line)
        case .float(let value):
            advance()
            return try make(.literal(.float(value)), at: line)
        case .symbol(.leftParenthesis):
            return try parseParentheses()
        case .symbol(.leftBracket):
            advance()
            return try parseList(until: .rightBracket, at: line)
        case .symbol(.leftBrace):
            return try parseObject()
        default:
            throw unexpected()
        }
    }

    private static func constant(_ name: String) -> TemplateValue? {
        switch name {
        case "true", "True": .boolean(true)
        case "false", "False": .boolean(false)
        case "none", "None": TemplateValue.null
        default: nil
        }
    }

    private mutating func parseParentheses() throws(TemplateError) -> TemplateExpression {
        let line = token.line
        advance()
        if skip(.rightParenthesis) { return try make(.list([]), at: line) }
        let first = try parseExpression()
        if skip(.rightParenthesis) { return first }
        try expect(.comma)
        return try parseList(until: .rightParenthesis, at: line, after: [first])
    }

    private mutating func parseList(
        until end: TemplateToken.Symbol, at line: Int, after first: [TemplateExpression] = []
    ) throws(TemplateError) -> TemplateExpression {
        var elements = first
        while !skip(end) {
            elements.append(try parseExpression())
            if !token.kind.isSymbol(end) { try expect(.comma) }
        }
        return try make(.list(elements), at: line, over: elements)
    }

    private mutating func parseObject() throws(TemplateError) -> TemplateExpression {
        let line = token.line
        advance()
        var entries: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !skip(.rightBrace) {
            let key = try parseExpression()
            try expect(.colon)
            entries.append((key, try parseExpression()))
            if !token.kind.isSymbol(.rightBrace) { try expect(.comma) }
        }
        return try make(.object(entries), at: line, over: entries.map { $0.key } + entries.map { $0.value })
    }

    private mutating func parsePostfix(_ operand: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        var expression = operand
        while true {
            let line = token.line
            switch token.kind {
            case .symbol(.dot):
                advance()
                if case .integer(let index) = token.kind {
                    advance()
                    let key = try make(.literal(.integer(index)), at: line)
                    expression = try make(.element(expression, key), at: line, over: [expression])
                } else {
                    let name = [UInt8](try expectName().utf8)
                    expression = try make(.attribute(expression, name), at: line, over: [expression])
                }
            case .symbol(.leftBracket):
                advance()
                expression = try parseElement(of: expression, at: line)
            case .symbol(.leftParenthesis):
                let arguments = try parseArguments()
                expression = try make(.call(expression, arguments), at: line, over: [expression] + arguments.all)
            default:
                return expression
            }
        }
    }

    private mutating func parseElement(
        of expression: TemplateExpression, at line: Int
    ) throws(TemplateError) -> TemplateExpression {
        var bounds: [TemplateExpression?] = [nil]
        while !skip(.rightBracket) {
            if skip(.colon) {
                bounds.append(nil)
            } else {
                guard bounds.count <= 3, bounds[bounds.count - 1] == nil else { throw unexpected() }
                bounds[bounds.count - 1] = try parseExpression()
            }
        }
        let parts = bounds.compactMap { $0 }
        switch bounds.count {
        case 1:
            guard let index = bounds[0] else { throw unexpected() }
            return try make(.element(expression, index), at: line, over: [expression, index])
        case 2, 3:
            let slice = TemplateSlice(lower: bounds[0], upper: bounds[1], step: bounds.count == 3 ? bounds[2] : nil)
            return try make(.slice(expression, slice), at: line, over: [expression] + parts)
        default:
            throw unexpected()
        }
    }

    mutating func parseArguments() throws(TemplateError) -> TemplateArguments {
        var arguments = TemplateArguments()
        try expect(.leftParenthesis)
        while !skip(.rightParenthesis) {
            if case .name(let name) = token.kind, nextToken.kind.isSymbol(.assign) {
                advance()
                advance()
                arguments.keyword.append((name, try parseExpression()))
            } else {
                arguments.positional.append(try parseExpression())
            }
            if !token.kind.isSymbol(.rightParenthesis) { try expect(.comma) }
        }
        return arguments
    }
}

extension TemplateArguments {
    var all: [TemplateExpression] { positional + keyword.map { $0.value } }
}

// MARK: - Filters and tests

extension TemplateParser {
    private mutating func parseFilters(_ operand: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        var expression = operand
        while true {
            let line = token.line
            if skip(.pipe) {
                let name = try expectName()
                let arguments = token.kind.isSymbol(.leftParenthesis) ? try parseArguments() : TemplateArguments()
                expression = try make(
                    .filter(expression, name: name, arguments), at: line,
                    over: [expression] + arguments.all)
                expression = try parsePostfix(expression)
            } else if skip(name: "is") {
                let isNegated = skip(name: "not")
                let name = try expectName()
                let arguments = try parseTestArguments()
                expression = try make(
                    .test(expression, name: name, arguments, isNegated: isNegated), at: line,
                    over: [expression] + arguments.all)
            } else {
                return expression
            }
        }
    }

    /// A test's argument needs no parentheses: `x is divisibleby 3`.
    private mutating func parseTestArguments() throws(TemplateError) -> TemplateArguments {
        switch token.kind {
        case .symbol(.leftParenthesis):
            return try parseArguments()
        case .name(let name) where ["else", "or", "and", "is", "if", "not", "in"].contains(name):
            return TemplateArguments()
        case .name, .string, .integer, .float, .symbol(.leftBracket), .symbol(.leftBrace):
            return TemplateArguments(positional: [try parsePostfix(try parsePrimary())])
        default:
            return TemplateArguments()
        }
    }
}
