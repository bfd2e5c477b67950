extension Parser {
    mutating func primary() throws(Diagnostic) -> Expression {
        let token = current
        switch kind {
        case .int:
            advance()
            guard let value = Literals.int(text(token.range)) else {
                throw failure(
                    "this number does not fit an int", at: token.range,
                    hint: "the largest is 9223372036854775807")
            }
            return Expression(.int(value), token.range)
        case .float:
            advance()
            guard let value = Literals.float(text(token.range)) else { throw failure("not a number", at: token.range) }
            return Expression(.float(value), token.range)
        case .string: return Expression(.string(try stringLiteral()), token.range)
        case .char: return Expression(.char(try charLiteral()), token.range)
        case .keywordTrue, .keywordFalse:
            advance()
            return Expression(.bool(token.kind == .keywordTrue), token.range)
        case .keywordVoid:
            advance()
            return Expression(.void, token.range)
        case .name: return try nameOrStruct()
        case .leftParenthesis: return try parenthesised()
        case .leftBracket: return try arrayLiteral()
        case .leftBrace: return isMap ? try mapLiteral() : try blockExpression()
        case .or, .orOr: return try closure()
        case .keywordFn: return try anonymousFunction()
        default: return try keywordExpression()
        }
    }

    private mutating func keywordExpression() throws(Diagnostic) -> Expression {
        let token = current
        switch kind {
        case .keywordIf: return try ifExpression()
        case .keywordMatch: return try matchExpression()
        case .keywordTry: return try tryExpression()
        case .keywordWhile:
            advance()
            let condition = try headExpression()
            let body = try block("after the condition")
            return Expression(.whileLoop(condition, body), token.range.to(condition.range))
        case .keywordLoop:
            advance()
            return Expression(.loop(try block("after 'loop'")), token.range)
        case .keywordFor: return try forLoop()
        case .keywordBreak:
            advance()
            return Expression(.breakLoop, token.range)
        case .keywordContinue:
            advance()
            return Expression(.continueLoop, token.range)
        case .keywordReturn:
            advance()
            guard !endsExpression else { return Expression(.returnValue(nil), token.range) }
            let value = try expression()
            return Expression(.returnValue(value), token.range.to(value.range))
        case .keywordThrow:
            advance()
            let value = try expression()
            return Expression(.throwValue(value), token.range.to(value.range))
        case .keywordAssert: return try assertion()
        case .keywordSpawn:
            advance()
            let body = try block("after 'spawn'")
            return Expression(.spawn(makeFunction(interner.intern("spawn"), token.range, body)), token.range)
        case .keywordSelect: return try selectExpression()
        case .keywordComptime:
            advance()
            let body = try block("after 'comptime'")
            return Expression(.comptime(makeFunction(interner.intern("comptime"), token.range, body)), token.range)
        default: throw expected("an expression", "here")
        }
    }

    private var endsExpression: Bool {
        if current.startsLine { return true }
        return switch kind {
        case .semicolon, .rightBrace, .rightParenthesis, .rightBracket, .comma, .end: true
        default: false
        }
    }

    // MARK: Literals

    mutating func stringLiteral() throws(Diagnostic) -> [UInt8] {
        let range = advance().range
        do {
            return try Literals.unescape(file.bytes[(range.start + 1)..<(range.end - 1)])
        } catch {
            throw failure(error.message, at: SourceRange(error.offset, min(error.offset + 2, range.end)))
        }
    }

    private mutating func charLiteral() throws(Diagnostic) -> UInt32 {
        let range = current.range
        let bytes = try stringLiteral()
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
        guard scalars.count == 1, let scalar = scalars.first else {
            throw failure(
                "a character literal holds exactly one character", at: range,
                hint: "use double quotes for a string")
        }
        return scalar.value
    }

    private mutating func nameOrStruct() throws(Diagnostic) -> Expression {
        let (symbol, range) = try name("here")
        let reference = NameReference(symbol, range)
        if kind == .doubleColon {
            advance()
            let (member, memberRange) = try memberName("after '::'")
            return Expression(.path(reference, member), range.to(memberRange))
        }
        if kind == .leftBrace, allowsStructLiteral, !current.startsLine, looksLikeStruct {
            return try structLiteral(reference)
        }
        return Expression(.name(reference), range)
    }

    /// `Name {` followed by `field:`, `field,`, `field }` or `}`.
    private var looksLikeStruct: Bool {
        if peek(1) == .rightBrace { return true }
        return peek(1) == .name && (peek(2) == .colon || peek(2) == .comma || peek(2) == .rightBrace)
    }

    private mutating func structLiteral(_ reference: NameReference) throws(Diagnostic) -> Expression {
        advance()
        var fields: [FieldValue] = []
        while kind != .rightBrace {
            let (field, range) = try memberName("for the field")
            let value = take(.colon) ? try innerExpression() : Expression(.name(NameReference(field, range)), range)
            fields.append(FieldValue(name: field, value: value, range: range))
            guard take(.comma) || current.startsLine else { break }
        }
        _ = try expect(.rightBrace, "after the fields")
        return Expression(.structure(reference, fields), reference.range.to(previousRange))
    }

    private mutating func parenthesised() throws(Diagnostic) -> Expression {
        let open = advance()
        if take(.rightParenthesis) { return Expression(.void, open.range.to(previousRange)) }
        let first = try innerExpression()
        if kind == .comma {
            var elements = [first]
            while take(.comma), kind != .rightParenthesis { elements.append(try innerExpression()) }
            _ = try expect(.rightParenthesis, "after the tuple's elements")
            return Expression(.tuple(elements), open.range.to(previousRange))
        }
        guard take(.rightParenthesis) else {
            if kind == .end { throw failure("this '(' is never closed", at: open.range, hint: "add ')'") }
            throw expected("')'", "after the expression")
        }
        return Expression(first.kind, open.range.to(previousRange))
    }

    private mutating func arrayLiteral() throws(Diagnostic) -> Expression {
        let open = advance()
        var elements: [Expression] = []
        while kind != .rightBracket {
            elements.append(try innerExpression())
            if elements.count == 1, take(.semicolon) {
                let count = try innerExpression()
                _ = try expect(.rightBracket, "after the array's length")
                return Expression(.fill(elements[0], count: count), open.range.to(previousRange))
            }
            guard take(.comma) else { break }
        }
        guard take(.rightBracket) else {
            if kind == .end { throw failure("this '[' is never closed", at: open.range, hint: "add ']'") }
            throw expected("',' or ']'", "in the array")
        }
        return Expression(.array(elements), open.range.to(previousRange))
    }

    /// `{` begins a map when `key:` or, where a block makes no sense, `}` follows.
    private var isMap: Bool {
        switch peek(1) {
        case .string, .int, .char, .name, .float, .keywordTrue, .keywordFalse: peek(2) == .colon
        case .rightBrace: !isStatementStart
        case .leftParenthesis: isTupleKey
        default: false
        }
    }

    private var isStatementStart: Bool { current.startsLine || position == 0 }

    /// `{(1, 2): v}`: finds the parenthesis that closes the key.
    private var isTupleKey: Bool {
        var depth = 0
        var index = position + 1
        while index < tokens.count, index < position + 64 {
            if tokens[index].kind == .leftParenthesis { depth += 1 }
            if tokens[index].kind == .rightParenthesis {
                depth -= 1
                if depth == 0 { return index + 1 < tokens.count && tokens[index + 1].kind == .colon }
            }
            index += 1
        }
        return false
    }

    private mutating func mapLiteral() throws(Diagnostic) -> Expression {
        let open = advance()
        var pairs: [(key: Expression, value: Expression)] = []
        while kind != .rightBrace {
            let key = try innerExpression()
            _ = try expect(.colon, "after the key")
            pairs.append((key, try innerExpression()))
            guard take(.comma) else { break }
        }
        guard take(.rightBrace) else { throw expected("',' or '}'", "in the map") }
        return Expression(.map(pairs), open.range.to(previousRange))
    }

    private mutating func blockExpression() throws(Diagnostic) -> Expression {
        let block = try block("here")
        return Expression(.block(block), block.range)
    }

    // MARK: Closures

    private mutating func closure() throws(Diagnostic) -> Expression {
        let start = advance()
        var parameters: [Parameter] = []
        if start.kind == .or {
            while kind != .or {
                parameters.append(try closureParameter())
                guard take(.comma) else { break }
            }
            _ = try expect(.or, "after the closure's parameters")
        }
        let returnType = take(.arrow) ? try type() : nil
        let body: Block
        if kind == .leftBrace, !isMap {
            body = try block("for the closure's body")
        } else {
            let value = try expression()
            body = Block([.expression(value, isDiscarded: false)], value.range)
        }
        let function = makeFunction(interner.intern("closure"), start.range, body)
        function.parameters = parameters
        function.returnType = returnType
        return Expression(.closure(function), start.range.to(body.range))
    }

    private mutating func closureParameter() throws(Diagnostic) -> Parameter {
        _ = take(.keywordMut)
        if kind == .leftParenthesis {
            let pattern = try bindingPattern(isMutable: false)
            return Parameter(
                binding: Binding(interner.intern("(parameter)"), pattern.range, isMutable: false),
                type: nil,
                pattern: pattern)
        }
        let (symbol, range) = try name("for the parameter")
        let binding = Binding(symbol, range, isMutable: true)
        binding.isParameter = true
        return Parameter(binding: binding, type: take(.colon) ? try type() : nil, pattern: nil)
    }

    /// `fn(x) { ... }` without a name is a closure.
    private mutating func anonymousFunction() throws(Diagnostic) -> Expression {
        let start = advance()
        _ = try expect(.leftParenthesis, "after 'fn'")
        var parameters: [Parameter] = []
        while kind != .rightParenthesis {
            parameters.append(try closureParameter())
            guard take(.comma) else { break }
        }
        _ = try expect(.rightParenthesis, "after the parameters")
        let returnType = take(.arrow) ? try type() : nil
        let function = makeFunction(interner.intern("closure"), start.range, try block("for the function's body"))
        function.parameters = parameters
        function.returnType = returnType
        return Expression(.closure(function), start.range.to(previousRange))
    }

    // MARK: Control

    private mutating func ifExpression() throws(Diagnostic) -> Expression {
        let start = advance()
        let condition = try headExpression()
        let then = try block("after the condition")
        var otherwise: Expression?
        if take(.keywordElse) {
            if kind == .keywordIf {
                otherwise = try nested { (parser) throws(Diagnostic) in try parser.ifExpression() }
            } else {
                let block = try block("after 'else'")
                otherwise = Expression(.block(block), block.range)
            }
        }
        return Expression(.ifElse(condition, then, otherwise), start.range.to(previousRange))
    }

    private mutating func forLoop() throws(Diagnostic) -> Expression {
        let start = advance()
        let pattern = try bindingPattern(isMutable: take(.keywordMut))
        _ = try expect(.keywordIn, "after the loop's variable")
        let sequence = try headExpression()
        let body = try block("after the loop's sequence")
        return Expression(.forLoop(pattern, sequence, body), start.range.to(sequence.range))
    }

    private mutating func tryExpression() throws(Diagnostic) -> Expression {
        let start = advance()
        let body = try block("after 'try'")
        guard take(.keywordCatch) else { throw expected("'catch'", "after the block of 'try'") }
        var binding: Binding?
        let parenthesised = take(.leftParenthesis)
        if kind == .name {
            let (symbol, range) = try name("for the error")
            binding = Binding(symbol, range, isMutable: false)
        }
        if parenthesised { _ = try expect(.rightParenthesis, "after the error's name") }
        let handler = try block("after 'catch'")
        return Expression(.tryCatch(body, binding, handler), start.range)
    }

    private mutating func assertion() throws(Diagnostic) -> Expression {
        let start = advance()
        let condition = try expression()
        let message = take(.comma) ? try expression() : nil
        return Expression(.assert(condition, message), start.range.to(condition.range))
    }

    private mutating func matchExpression() throws(Diagnostic) -> Expression {
        let start = advance()
        let subject = try headExpression()
        _ = try expect(.leftBrace, "before the arms")
        let keeps = allowsStructLiteral
        allowsStructLiteral = true
        defer { allowsStructLiteral = keeps }
        var arms: [MatchArm] = []
        while kind != .rightBrace {
            let pattern = try pattern()
            let condition = take(.keywordIf) ? try expression() : nil
            guard take(.arrow) || take(.fatArrow) else { throw expected("'->'", "after the pattern") }
            arms.append(MatchArm(pattern: pattern, guardCondition: condition, body: try armBody()))
            guard take(.comma) || take(.semicolon) || current.startsLine else { break }
        }
        _ = try expect(.rightBrace, "after the arms")
        return Expression(.match(subject, arms), start.range.to(subject.range))
    }

    private mutating func armBody() throws(Diagnostic) -> Expression {
        if kind == .leftBrace, !isMap { return try blockExpression() }
        return try expression()
    }

    /// `select { rx.recv() as v => ..., _ => ... }`
    private mutating func selectExpression() throws(Diagnostic) -> Expression {
        let start = advance()
        _ = try expect(.leftBrace, "before the arms of 'select'")
        var arms: [SelectArm] = []
        while kind != .rightBrace {
            var arm = SelectArm(channel: nil, binding: nil, body: Expression(.void, current.range))
            if kind == .name, Array(text(current.range)) == Array("_".utf8) {
                advance()
            } else {
                let source = try expression()
                guard case .method(let channel, let method, let arguments) = source.kind, arguments.isEmpty,
                    interner.text(method) == "recv"
                else {
                    throw failure("an arm of select waits for channel.recv()", at: source.range)
                }
                arm.channel = channel
                if take(.keywordAs) {
                    let (symbol, range) = try name("after 'as'")
                    arm.binding = Binding(symbol, range, isMutable: false)
                }
            }
            guard take(.fatArrow) || take(.arrow) else { throw expected("'=>'", "after the channel") }
            arm.body = try armBody()
            arms.append(arm)
            guard take(.comma) || current.startsLine else { break }
        }
        _ = try expect(.rightBrace, "after the arms of 'select'")
        return Expression(.select(arms), start.range)
    }
}
