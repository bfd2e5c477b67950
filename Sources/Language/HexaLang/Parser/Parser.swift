/// Recursive descent over the tokens of one file.
struct Parser {
    let file: SourceFile
    let interner: Interner
    let tokens: [Token]
    var position = 0
    /// Functions made so far in the whole program: each gets a number.
    var functionCount: Int
    /// In the head of `if`, `while`, `for` and `match` a brace begins the body, not a struct.
    var allowsStructLiteral = true
    /// Nesting of expressions, patterns and blocks, which is recursion here.
    var depth = 0

    init(file: SourceFile, tokens: [Token], interner: Interner, functionCount: Int) {
        self.file = file
        self.tokens = tokens
        self.interner = interner
        self.functionCount = functionCount
    }

    // MARK: Tokens

    var current: Token { tokens[position] }
    var kind: TokenKind { tokens[position].kind }

    func peek(_ ahead: Int) -> TokenKind {
        position + ahead < tokens.count ? tokens[position + ahead].kind : .end
    }

    func text(_ range: SourceRange) -> ArraySlice<UInt8> { file.bytes[range.start..<range.end] }

    @discardableResult
    mutating func advance() -> Token {
        let token = tokens[position]
        if token.kind != .end { position += 1 }
        return token
    }

    mutating func take(_ wanted: TokenKind) -> Bool {
        guard kind == wanted else { return false }
        advance()
        return true
    }

    mutating func expect(_ wanted: TokenKind, _ context: String) throws(Diagnostic) -> Token {
        guard kind == wanted else { throw expected(wanted.description, context) }
        return advance()
    }

    func failure(_ message: String, at range: SourceRange? = nil, hint: String? = nil) -> Diagnostic {
        Diagnostic(message, in: file, at: range ?? current.range, hint: hint)
    }

    func expected(_ what: String, _ context: String) -> Diagnostic {
        let found =
            kind == .name || kind == .int || kind == .float
            ? "'" + String(decoding: text(current.range), as: UTF8.self) + "'" : kind.description
        // What is missing at the end of a line is missing there, not on the next line.
        if current.startsLine, position > 0 {
            let end = previousRange.end
            return failure("expected \(what) \(context), found the end of the line", at: SourceRange(end, end + 1))
        }
        return failure("expected \(what) \(context), found \(found)")
    }

    var previousRange: SourceRange { tokens[max(position - 1, 0)].range }

    mutating func nested<Result>(
        _ body: (inout Parser) throws(Diagnostic) -> Result
    ) throws(Diagnostic) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= LanguageLimits.nestingMax else {
            throw failure("nested deeper than \(LanguageLimits.nestingMax) levels", hint: "move a part into a function")
        }
        return try body(&self)
    }

    mutating func name(_ context: String) throws(Diagnostic) -> (symbol: Symbol, range: SourceRange) {
        guard kind == .name else {
            if kind.isKeyword {
                throw failure("\(kind.description) is a keyword and cannot be a name", hint: "choose another name")
            }
            throw expected("a name", context)
        }
        let token = advance()
        return (interner.intern(Array(text(token.range))), token.range)
    }

    /// A name after a point or in a struct, where keywords are names like others.
    mutating func memberName(_ context: String) throws(Diagnostic) -> (symbol: Symbol, range: SourceRange) {
        guard kind == .name || kind.isKeyword else { throw expected("a name", context) }
        let token = advance()
        return (interner.intern(Array(text(token.range))), token.range)
    }

    // MARK: Files and blocks

    /// All statements of the file.
    mutating func parseFile() throws(Diagnostic) -> Block {
        let statements = try self.statements(until: .end)
        return Block(statements, SourceRange(0, file.bytes.count))
    }

    mutating func block(_ context: String) throws(Diagnostic) -> Block {
        let open = try expect(.leftBrace, context)
        let keepsStructLiteral = allowsStructLiteral
        allowsStructLiteral = true
        defer { allowsStructLiteral = keepsStructLiteral }
        let statements = try nested { (parser) throws(Diagnostic) in try parser.statements(until: .rightBrace) }
        guard kind == .rightBrace else {
            throw failure("this '{' is never closed", at: open.range, hint: "add '}'")
        }
        let close = advance()
        return Block(statements, open.range.to(close.range))
    }

    /// After a body in braces the next statement may follow on the same line.
    private func endsInBlock(_ statement: Statement) -> Bool {
        guard tokens[max(position - 1, 0)].kind == .rightBrace else { return false }
        switch statement {
        case .function, .item: return true
        case .variable: return false
        case .expression(let expression, _):
            switch expression.kind {
            case .block, .ifElse, .match, .tryCatch, .whileLoop, .loop, .forLoop, .spawn, .select, .comptime:
                return true
            default: return false
            }
        }
    }

    private mutating func statements(until end: TokenKind) throws(Diagnostic) -> [Statement] {
        var statements: [Statement] = []
        while true {
            while take(.semicolon) {}
            if kind == end || kind == .end { return statements }
            if kind == .rightBrace { throw failure("there is no '{' for this '}'") }
            statements.append(try statement())
            if kind == .semicolon {
                if case .expression(let expression, _) = statements[statements.count - 1] {
                    statements[statements.count - 1] = .expression(expression, isDiscarded: true)
                }
            } else if kind != end, kind != .end, !current.startsLine, !endsInBlock(statements[statements.count - 1]) {
                throw expected("a new line or ';'", "after this statement")
            }
        }
    }
}

/// What a source file may contain.
public enum LanguageLimits {
    /// Nested expressions and blocks: the parser and the compiler recurse, and their stack is bounded.
    public static let nestingMax = 120
    /// Errors that are reported of one compilation, and as many warnings: more do not help.
    public static let diagnosticsMax = 50
    /// Bytes of one file.
    public static let fileBytesMax = 16 << 20
    /// Files of one program.
    public static let filesMax = 1_000
}
