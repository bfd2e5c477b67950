extension Parser {
    /// A pattern of a `match` arm, alternatives included.
    mutating func pattern() throws(Diagnostic) -> Pattern {
        let first = try nested { (parser) throws(Diagnostic) in try parser.singlePattern() }
        guard kind == .or else { return first }
        var alternatives = [first]
        while take(.or) { alternatives.append(try singlePattern()) }
        return Pattern(.or(alternatives), first.range.to(previousRange))
    }

    /// What `let` and `for` take apart: names, tuples and arrays of them.
    mutating func bindingPattern(isMutable: Bool) throws(Diagnostic) -> Pattern {
        let start = current.range
        if kind == .leftParenthesis {
            advance()
            var elements: [Pattern] = []
            while kind != .rightParenthesis {
                let mutable = take(.keywordMut) || isMutable
                elements.append(
                    try nested { (parser) throws(Diagnostic) in try parser.bindingPattern(isMutable: mutable) })
                guard take(.comma) else { break }
            }
            _ = try expect(.rightParenthesis, "after the names")
            return Pattern(.tuple(elements), start.to(previousRange))
        }
        if kind == .leftBracket { return try arrayPattern() }
        let (symbol, range) = try name("to bind")
        if interner.text(symbol) == "_" { return Pattern(.wildcard, range) }
        return Pattern(.binding(Binding(symbol, range, isMutable: isMutable)), range)
    }

    private mutating func singlePattern() throws(Diagnostic) -> Pattern {
        let start = current.range
        switch kind {
        case .leftParenthesis:
            let elements = try patternList(.leftParenthesis, .rightParenthesis)
            if elements.count == 1 { return elements[0] }
            return Pattern(.tuple(elements), start.to(previousRange))
        case .leftBracket: return try arrayPattern()
        case .keywordMut:
            advance()
            let (symbol, range) = try name("to bind")
            return Pattern(.binding(Binding(symbol, range, isMutable: true)), range)
        case .name: return try namePattern()
        default: return try literalPattern()
        }
    }

    private mutating func patternList(_ open: TokenKind, _ close: TokenKind) throws(Diagnostic) -> [Pattern] {
        _ = try expect(open, "in the pattern")
        var elements: [Pattern] = []
        while kind != close {
            elements.append(try pattern())
            guard take(.comma) else { break }
        }
        _ = try expect(close, "after the pattern")
        return elements
    }

    private mutating func arrayPattern() throws(Diagnostic) -> Pattern {
        let start = advance().range
        var elements: [Pattern] = []
        var rest: Pattern?
        while kind != .rightBracket {
            if take(.dotDot) {
                rest = kind == .name ? try singlePattern() : Pattern(.wildcard, previousRange)
                break
            }
            elements.append(try pattern())
            guard take(.comma) else { break }
        }
        _ = try expect(.rightBracket, "after the array pattern")
        return Pattern(.array(elements, rest: rest), start.to(previousRange))
    }

    private mutating func namePattern() throws(Diagnostic) -> Pattern {
        let (symbol, range) = try name("in the pattern")
        if interner.text(symbol) == "_" { return Pattern(.wildcard, range) }
        if take(.doubleColon) {
            let (variant, _) = try memberName("after '::'")
            var payload: [Pattern] = []
            if kind == .leftParenthesis { payload = try patternList(.leftParenthesis, .rightParenthesis) }
            return Pattern(.variant(NameReference(symbol, range), variant, payload), range.to(previousRange))
        }
        if kind == .leftBrace { return try structPattern(NameReference(symbol, range)) }
        return Pattern(.binding(Binding(symbol, range, isMutable: false)), range)
    }

    private mutating func structPattern(_ reference: NameReference) throws(Diagnostic) -> Pattern {
        advance()
        var fields: [(field: Symbol, pattern: Pattern)] = []
        while kind != .rightBrace {
            if take(.dotDot) { break }
            let (field, range) = try memberName("for the field")
            let pattern =
                take(.colon)
                ? try self.pattern()
                : Pattern(.binding(Binding(field, range, isMutable: false)), range)
            fields.append((field, pattern))
            guard take(.comma) else { break }
        }
        _ = try expect(.rightBrace, "after the struct pattern")
        return Pattern(.structure(reference, fields), reference.range.to(previousRange))
    }

    private mutating func literalPattern() throws(Diagnostic) -> Pattern {
        let lower = try patternOperand()
        if kind == .dotDot || kind == .dotDotEqual {
            let isClosed = advance().kind == .dotDotEqual
            let upper = try patternOperand()
            return Pattern(.rangeOf(lower, upper, isClosed: isClosed), lower.range.to(upper.range))
        }
        return Pattern(.literal(lower), lower.range)
    }

    private mutating func patternOperand() throws(Diagnostic) -> Expression {
        switch kind {
        case .int, .float, .string, .char, .keywordTrue, .keywordFalse, .keywordVoid: return try primary()
        case .minus:
            let start = advance()
            let operand = try patternOperand()
            switch operand.kind {
            case .int(let value): return Expression(.int(-value), start.range.to(operand.range))
            case .float(let value): return Expression(.float(-value), start.range.to(operand.range))
            default: throw failure("only a number can be negative", at: operand.range)
            }
        default: throw expected("a pattern", "here")
        }
    }
}
