extension Parser {
    mutating func statement() throws(Diagnostic) -> Statement {
        _ = take(.keywordPub)
        switch kind {
        case .attribute: return try attributed()
        case .keywordLet, .keywordConst, .keywordStatic: return .variable(try variable(isComptime: false))
        case .keywordComptime where peek(1) == .keywordConst || peek(1) == .keywordLet:
            advance()
            return .variable(try variable(isComptime: true))
        case .keywordComptime where peek(1) == .keywordFn:
            advance()
            let function = try function(attributes: [])
            function.isComptime = true
            return .function(function, Binding(function.symbol, function.range, isMutable: true))
        case .keywordFn where peek(1) == .name:
            let function = try function(attributes: [])
            return .function(function, Binding(function.symbol, function.range, isMutable: true))
        case .keywordStruct: return .item(.type(try structure()))
        case .keywordEnum: return .item(.type(try enumeration()))
        case .keywordTrait: return .item(.type(try trait()))
        case .keywordImpl: return .item(.implementation(try implementation()))
        case .keywordUse: return .item(try use())
        case .keywordProof: return .item(.proof(try proof()))
        default: return .expression(try expression(), isDiscarded: false)
        }
    }

    /// Attributes stand before a function; those of the whole program (`@law`, `@nostd`) before anything.
    private mutating func attributed() throws(Diagnostic) -> Statement {
        var attributes: [Attribute] = []
        while kind == .attribute { attributes.append(try attribute()) }
        _ = take(.keywordPub)
        let isComptime = kind == .keywordComptime && peek(1) == .keywordFn
        if isComptime { advance() }
        if kind == .keywordFn {
            let function = try function(attributes: attributes)
            function.isComptime = isComptime
            return .function(function, Binding(function.symbol, function.range, isMutable: true))
        }
        guard attributes.count == 1 else {
            // Several program attributes in a row: give them back one statement at a time.
            position = tokens.firstIndex { $0.range.start >= attributes[1].range.start } ?? position
            return .item(.attribute(attributes[0]))
        }
        return .item(.attribute(attributes[0]))
    }

    private mutating func attribute() throws(Diagnostic) -> Attribute {
        let token = advance()
        let symbol = interner.intern(Array(file.bytes[(token.range.start + 1)..<token.range.end]))
        var arguments: [[UInt8]] = []
        if kind == .leftParenthesis, !current.startsLine {
            advance()
            while kind != .rightParenthesis {
                if kind == .string {
                    arguments.append(try stringLiteral())
                } else {
                    arguments.append(Array(text(advance().range)))
                }
                guard take(.comma) else { break }
            }
            _ = try expect(.rightParenthesis, "after the attribute's arguments")
        }
        return Attribute(name: symbol, arguments: arguments, range: token.range.to(previousRange))
    }

    private mutating func variable(isComptime: Bool) throws(Diagnostic) -> VariableDeclaration {
        let start = advance()
        let keyword: VariableDeclaration.Keyword =
            start.kind == .keywordLet ? .let_ : start.kind == .keywordConst ? .const : .static_
        let isMutable = take(.keywordMut) || keyword == .static_
        let pattern = try bindingPattern(isMutable: isMutable)
        let type = take(.colon) ? try self.type() : nil
        var value: Expression?
        if take(.equal) { value = try expression() }
        if value == nil, keyword == .const || !isMutable {
            throw expected("'=' and a value", "because this binding can never be assigned")
        }
        return VariableDeclaration(keyword, pattern, type, value, isComptime: isComptime, start.range.to(previousRange))
    }

    private mutating func use() throws(Diagnostic) -> Item {
        let start = advance()
        guard kind == .string else { throw expected("a path in quotes", "after 'use'") }
        return .use(path: try stringLiteral(), start.range.to(previousRange))
    }

    private mutating func proof() throws(Diagnostic) -> FunctionNode {
        advance()
        var symbol: Symbol, range: SourceRange
        if kind == .string {
            range = current.range
            symbol = interner.intern(try stringLiteral())
        } else {
            (symbol, range) = try name("after 'proof'")
        }
        return makeFunction(symbol, range, try block("to begin the proof"))
    }

    mutating func makeFunction(_ symbol: Symbol, _ range: SourceRange, _ body: Block) -> FunctionNode {
        functionCount += 1
        return FunctionNode(symbol, range, number: functionCount - 1, body: body, file: file)
    }

    // MARK: Functions and types

    mutating func function(attributes: [Attribute], owner: Symbol? = nil) throws(Diagnostic) -> FunctionNode {
        advance()
        let (symbol, range) = try memberName("after 'fn'")
        let (parameters, hasSelf, returnType) = try signature()
        let function = makeFunction(symbol, range, try block("to begin the function's body"))
        function.parameters = parameters
        function.hasSelf = hasSelf
        function.returnType = returnType
        function.attributes = attributes
        for attribute in attributes {
            if interner.text(attribute.name) == "pure" { function.isPure = true }
            if interner.text(attribute.name) == "memoize" { function.isMemoized = true }
        }
        return function
    }

    private mutating func signature() throws(Diagnostic) -> ([Parameter], hasSelf: Bool, TypeNode?) {
        let open = try expect(.leftParenthesis, "before the parameters")
        var parameters: [Parameter] = []
        var hasSelf = false
        while kind != .rightParenthesis {
            if parameters.isEmpty, isSelf {
                hasSelf = true
            }
            parameters.append(try parameter())
            guard take(.comma) else { break }
        }
        guard take(.rightParenthesis) else {
            if kind == .end { throw failure("this '(' is never closed", at: open.range, hint: "add ')'") }
            throw expected("',' or ')'", "in the parameters")
        }
        let returnType = take(.arrow) ? try type() : nil
        return (parameters, hasSelf, returnType)
    }

    private var isSelf: Bool {
        let token = kind == .keywordMut || kind == .and ? tokens[position + 1] : current
        return token.kind == .name && Array(text(token.range)) == Array("self".utf8)
    }

    private mutating func parameter() throws(Diagnostic) -> Parameter {
        _ = take(.and)
        let isMutable = take(.keywordMut)
        _ = isMutable
        if kind == .name {
            let (symbol, range) = try name("for the parameter")
            let binding = Binding(symbol, range, isMutable: true)
            binding.isParameter = true
            return Parameter(binding: binding, type: take(.colon) ? try type() : nil, pattern: nil)
        }
        guard kind == .leftParenthesis else { throw expected("a parameter's name", "in the parameters") }
        let pattern = try bindingPattern(isMutable: isMutable)
        let hidden = Binding(interner.intern("(parameter)"), pattern.range, isMutable: false)
        return Parameter(binding: hidden, type: take(.colon) ? try type() : nil, pattern: pattern)
    }

    private mutating func structure() throws(Diagnostic) -> TypeDeclaration {
        advance()
        let (symbol, range) = try name("after 'struct'")
        _ = try expect(.leftBrace, "before the fields")
        var fields: [(name: Symbol, type: TypeNode?)] = []
        while kind != .rightBrace {
            _ = take(.keywordPub)
            let (field, fieldRange) = try memberName("for the field")
            guard !fields.contains(where: { $0.name == field }) else {
                throw failure("the struct already has a field \(interner.text(field))", at: fieldRange)
            }
            fields.append((field, take(.colon) ? try type() : nil))
            guard take(.comma) || take(.semicolon) || current.startsLine else { break }
        }
        _ = try expect(.rightBrace, "after the fields")
        return TypeDeclaration(symbol, range, .structure(fields))
    }

    private mutating func enumeration() throws(Diagnostic) -> TypeDeclaration {
        advance()
        let (symbol, range) = try name("after 'enum'")
        _ = try expect(.leftBrace, "before the variants")
        var variants: [(name: Symbol, payload: [TypeNode])] = []
        while kind != .rightBrace {
            let (variant, variantRange) = try name("for the variant")
            guard !variants.contains(where: { $0.name == variant }) else {
                throw failure("the enum already has a variant \(interner.text(variant))", at: variantRange)
            }
            var payload: [TypeNode] = []
            if take(.leftParenthesis) {
                while kind != .rightParenthesis {
                    payload.append(try type())
                    guard take(.comma) else { break }
                }
                _ = try expect(.rightParenthesis, "after the variant's types")
            }
            variants.append((variant, payload))
            guard take(.comma) || current.startsLine else { break }
        }
        _ = try expect(.rightBrace, "after the variants")
        return TypeDeclaration(symbol, range, .enumeration(variants))
    }

    private mutating func trait() throws(Diagnostic) -> TypeDeclaration {
        advance()
        let (symbol, range) = try name("after 'trait'")
        _ = try expect(.leftBrace, "before the trait's functions")
        var required: [Symbol] = []
        var provided: [FunctionNode] = []
        while kind != .rightBrace {
            while take(.semicolon) || take(.comma) {}
            if kind == .rightBrace { break }
            guard kind == .keywordFn else { throw expected("'fn'", "in the trait") }
            let start = position
            advance()
            let (name, _) = try memberName("after 'fn'")
            _ = try signature()
            if kind == .leftBrace {
                position = start
                provided.append(try function(attributes: []))
            } else {
                required.append(name)
            }
        }
        _ = try expect(.rightBrace, "after the trait's functions")
        return TypeDeclaration(symbol, range, .trait(required: required, provided: provided))
    }

    private mutating func implementation() throws(Diagnostic) -> Implementation {
        let start = advance()
        var target = try typeName("after 'impl'")
        var trait: NameReference?
        if take(.keywordFor) {
            trait = target
            target = try typeName("after 'for'")
        }
        _ = try expect(.leftBrace, "before the functions")
        var methods: [FunctionNode] = []
        while kind != .rightBrace {
            while take(.semicolon) || take(.comma) {}
            if kind == .rightBrace { break }
            _ = take(.keywordPub)
            var attributes: [Attribute] = []
            while kind == .attribute { attributes.append(try attribute()) }
            guard kind == .keywordFn else { throw expected("'fn'", "in the impl") }
            methods.append(try function(attributes: attributes))
        }
        _ = try expect(.rightBrace, "after the functions")
        return Implementation(target: target, trait: trait, methods: methods, range: start.range)
    }

    private mutating func typeName(_ context: String) throws(Diagnostic) -> NameReference {
        let (symbol, range) = try memberName(context)
        return NameReference(symbol, range)
    }

    mutating func type() throws(Diagnostic) -> TypeNode {
        let node = try nested { (parser) throws(Diagnostic) in try parser.plainType() }
        _ = take(.question)
        return node
    }

    private mutating func plainType() throws(Diagnostic) -> TypeNode {
        switch kind {
        case .leftBracket:
            advance()
            let element = try type()
            _ = try expect(.rightBracket, "after the array's element type")
            return .array(element)
        case .leftParenthesis:
            advance()
            var elements: [TypeNode] = []
            while kind != .rightParenthesis {
                elements.append(try type())
                guard take(.comma) else { break }
            }
            _ = try expect(.rightParenthesis, "after the tuple's types")
            return .tuple(elements)
        case .leftBrace:
            advance()
            _ = try type()
            if take(.colon) { _ = try type() }
            _ = try expect(.rightBrace, "after the map's types")
            return .map
        case .keywordFn:
            advance()
            if take(.leftParenthesis) {
                while kind != .rightParenthesis {
                    _ = try type()
                    guard take(.comma) else { break }
                }
                _ = try expect(.rightParenthesis, "after the parameter types")
                if take(.arrow) { _ = try type() }
            }
            return .function
        case .name, .keywordVoid:
            let token = advance()
            return .named(NameReference(interner.intern(Array(text(token.range))), token.range))
        default: throw expected("a type", "here")
        }
    }
}
