extension Parser {
    mutating func expression() throws(Diagnostic) -> Expression {
        try nested { (parser) throws(Diagnostic) in try parser.assignment() }
    }

    /// An expression in the head of a statement whose body begins with a brace.
    mutating func headExpression() throws(Diagnostic) -> Expression {
        let keeps = allowsStructLiteral
        allowsStructLiteral = false
        defer { allowsStructLiteral = keeps }
        return try expression()
    }

    /// An expression inside brackets of any kind, where a brace is free again.
    mutating func innerExpression() throws(Diagnostic) -> Expression {
        let keeps = allowsStructLiteral
        allowsStructLiteral = true
        defer { allowsStructLiteral = keeps }
        return try expression()
    }

    private mutating func assignment() throws(Diagnostic) -> Expression {
        let target = try binary(minimumPrecedence: 0)
        let operation: BinaryOperator?
        switch kind {
        case .equal: operation = nil
        case .plusEqual: operation = .add
        case .minusEqual: operation = .subtract
        case .starEqual: operation = .multiply
        case .slashEqual: operation = .divide
        case .percentEqual: operation = .remainder
        default: return target
        }
        switch target.kind {
        case .name, .field, .index, .element: break
        default: throw failure("this cannot be assigned to", at: target.range)
        }
        advance()
        let value = try expression()
        return Expression(.assign(target, operation, value), target.range.to(value.range))
    }

    private struct Infix {
        var precedence: Int
        var make: Make

        enum Make { case binary(BinaryOperator), and, or, range(isClosed: Bool) }
    }

    private func infix(_ kind: TokenKind) -> Infix? {
        switch kind {
        case .orOr: Infix(precedence: 1, make: .or)
        case .andAnd: Infix(precedence: 2, make: .and)
        case .equalEqual: Infix(precedence: 3, make: .binary(.equal))
        case .notEqual: Infix(precedence: 3, make: .binary(.notEqual))
        case .less: Infix(precedence: 3, make: .binary(.less))
        case .lessEqual: Infix(precedence: 3, make: .binary(.lessEqual))
        case .greater: Infix(precedence: 3, make: .binary(.greater))
        case .greaterEqual: Infix(precedence: 3, make: .binary(.greaterEqual))
        case .or: Infix(precedence: 4, make: .binary(.bitOr))
        case .caret: Infix(precedence: 5, make: .binary(.bitXor))
        case .and: Infix(precedence: 6, make: .binary(.bitAnd))
        case .shiftLeft: Infix(precedence: 7, make: .binary(.shiftLeft))
        case .shiftRight: Infix(precedence: 7, make: .binary(.shiftRight))
        case .dotDot: Infix(precedence: 8, make: .range(isClosed: false))
        case .dotDotEqual: Infix(precedence: 8, make: .range(isClosed: true))
        case .plus: Infix(precedence: 9, make: .binary(.add))
        case .minus: Infix(precedence: 9, make: .binary(.subtract))
        case .star: Infix(precedence: 10, make: .binary(.multiply))
        case .slash: Infix(precedence: 10, make: .binary(.divide))
        case .percent: Infix(precedence: 10, make: .binary(.remainder))
        default: nil
        }
    }

    /// On a new line these begin a statement: a negative number, a closure.
    private func canStartStatement(_ kind: TokenKind) -> Bool { kind == .minus || kind == .or || kind == .orOr }

    mutating func binary(minimumPrecedence: Int) throws(Diagnostic) -> Expression {
        var left = try unary()
        // Operators of one level group to the left, in a loop: a long sum must not nest.
        while let infix = infix(kind), infix.precedence > minimumPrecedence || minimumPrecedence == 0 {
            if current.startsLine, canStartStatement(kind) { break }
            advance()
            let precedence = infix.precedence
            let right = try nested { (parser) throws(Diagnostic) in try parser.binary(minimumPrecedence: precedence) }
            let range = left.range.to(right.range)
            left =
                switch infix.make {
                case .binary(let operation): Expression(.binary(operation, left, right), range)
                case .and: Expression(.and(left, right), range)
                case .or: Expression(.or(left, right), range)
                case .range(let isClosed): Expression(.rangeOf(left, right, isClosed: isClosed), range)
                }
        }
        return left
    }

    private mutating func unary() throws(Diagnostic) -> Expression {
        let start = current
        let operation: UnaryOperator
        switch kind {
        case .minus: operation = .negate
        case .bang: operation = .not
        case .tilde: operation = .complement
        default: return try power()
        }
        advance()
        let operand = try nested { (parser) throws(Diagnostic) in try parser.unary() }
        let range = start.range.to(operand.range)
        if operation == .negate {
            if case .int(let value) = operand.kind, value != Int64.min { return Expression(.int(-value), range) }
            if case .float(let value) = operand.kind { return Expression(.float(-value), range) }
        }
        return Expression(.unary(operation, operand), range)
    }

    /// `**` groups to the right and binds tighter than a sign before it.
    private mutating func power() throws(Diagnostic) -> Expression {
        let base = try postfix(try primary())
        guard kind == .starStar else { return base }
        advance()
        let exponent = try nested { (parser) throws(Diagnostic) in try parser.unary() }
        return Expression(.binary(.power, base, exponent), base.range.to(exponent.range))
    }

    private mutating func postfix(_ start: Expression) throws(Diagnostic) -> Expression {
        var result = start
        while true {
            switch kind {
            case .leftParenthesis where !current.startsLine:
                let arguments = try self.arguments()
                result = Expression(.call(result, arguments), result.range.to(previousRange))
            case .leftBracket where !current.startsLine:
                let open = advance()
                let index = try innerExpression()
                guard take(.rightBracket) else {
                    throw kind == .end
                        ? failure("this '[' is never closed", at: open.range)
                        : expected(
                            "']'",
                            "after the index")
                }
                result = Expression(.index(result, index), result.range.to(previousRange))
            case .dot: result = try member(of: result)
            case .question where !current.startsLine: advance()
            default: return result
            }
        }
    }

    private mutating func member(of receiver: Expression) throws(Diagnostic) -> Expression {
        advance()
        if kind == .int {
            let token = advance()
            guard let index = Literals.int(text(token.range)), index < 200 else {
                throw failure("this element number is too large", at: token.range)
            }
            return Expression(.element(receiver, Int(index)), receiver.range.to(token.range))
        }
        let (symbol, range) = try memberName("after '.'")
        if kind == .leftParenthesis, !current.startsLine {
            let arguments = try self.arguments()
            return Expression(.method(receiver, symbol, arguments), range.to(previousRange))
        }
        return Expression(.field(receiver, symbol), receiver.range.to(range))
    }

    mutating func arguments() throws(Diagnostic) -> [Expression] {
        let open = try expect(.leftParenthesis, "before the arguments")
        var arguments: [Expression] = []
        while kind != .rightParenthesis {
            arguments.append(try innerExpression())
            guard take(.comma) else { break }
        }
        guard take(.rightParenthesis) else {
            if kind == .end { throw failure("this '(' is never closed", at: open.range, hint: "add ')'") }
            throw expected("',' or ')'", "in the arguments")
        }
        return arguments
    }
}
