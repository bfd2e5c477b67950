/// Builds a template's statements from its tokens: recursive descent, with bounded nesting.
struct TemplateParser {
    private let tokens: [TemplateToken]
    private var position = 0
    private var nesting = 0
    private(set) var macros: [TemplateMacro] = []

    init(_ tokens: [TemplateToken]) { self.tokens = tokens }

    mutating func parse() throws(TemplateError) -> [TemplateStatement] {
        let body = try parseBody(until: [])
        guard case .end = token.kind else { throw unexpected() }
        return body
    }

    var token: TemplateToken { tokens[position] }
    var nextToken: TemplateToken { tokens[min(position + 1, tokens.count - 1)] }

    mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    func unexpected() -> TemplateError { syntaxError("unexpected " + token.kind.text) }

    func syntaxError(_ text: String) -> TemplateError { TemplateError(line: token.line, problem: .syntax(text)) }

    mutating func skip(_ symbol: TemplateToken.Symbol) -> Bool {
        guard token.kind.isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard token.kind.isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: TemplateToken.Symbol) throws(TemplateError) {
        guard skip(symbol) else { throw unexpected() }
    }

    mutating func expectName() throws(TemplateError) -> String {
        guard case .name(let name) = token.kind else { throw unexpected() }
        advance()
        return name
    }

    mutating func enter() throws(TemplateError) {
        nesting += 1
        guard nesting <= TemplateLimits.nestingMax else {
            throw TemplateError(line: token.line, problem: .limit("nesting"))
        }
    }

    mutating func leave() { nesting -= 1 }
}

// MARK: - Statements

extension TemplateParser {
    /// Statements up to a block tag named in `ends`, whose name is the token at hand afterwards.
    private mutating func parseBody(until ends: [String]) throws(TemplateError) -> [TemplateStatement] {
        try enter()
        defer { leave() }
        var body: [TemplateStatement] = []
        while true {
            switch token.kind {
            case .data(let data):
                body.append(.text(data))
                advance()
            case .outputBegin:
                advance()
                body.append(.output(try parseExpression()))
                guard case .outputEnd = token.kind else { throw unexpected() }
                advance()
            case .blockBegin:
                if case .name(let name) = nextToken.kind, ends.contains(name) {
                    advance()
                    return body
                }
                advance()
                if let statement = try parseStatement() { body.append(statement) }
            case .end where ends.isEmpty:
                return body
            case .end:
                throw syntaxError("'" + (ends.last ?? "") + "' is missing")
            default:
                throw unexpected()
            }
        }
    }

    private mutating func endBlock() throws(TemplateError) {
        guard case .blockEnd = token.kind else { throw unexpected() }
        advance()
    }

    /// Reads the end tag `name`, at which a body has stopped.
    private mutating func endBlock(named name: String) throws(TemplateError) {
        guard skip(name: name) else { throw unexpected() }
        try endBlock()
    }

    /// The statement of a block tag; nil for tags that do nothing.
    private mutating func parseStatement() throws(TemplateError) -> TemplateStatement? {
        let line = token.line
        let name = try expectName()
        switch name {
        case "if": return try parseIf()
        case "for": return .loop(try parseFor(line: line))
        case "set": return try parseSet(line: line)
        case "macro": return try parseMacro()
        case "call": return try parseCallBlock()
        case "filter": return try parseFilterBlock(line: line)
        case "break":
            try endBlock()
            return .breakLoop
        case "continue":
            try endBlock()
            return .continueLoop
        case "generation":
            // Hugging Face's mark for the assistant's words in training: no effect on a prompt.
            try endBlock()
            let body = try parseBody(until: ["endgeneration"])
            try endBlock(named: "endgeneration")
            return .filterBlock([], body, line: line)
        default:
            throw TemplateError(line: line, problem: .unsupported("the tag '" + name + "'"))
        }
    }

    private mutating func parseIf() throws(TemplateError) -> TemplateStatement {
        var branches: [(condition: TemplateExpression, body: [TemplateStatement])] = []
        var otherwise: [TemplateStatement] = []
        repeat {
            let condition = try parseExpression()
            try endBlock()
            branches.append((condition, try parseBody(until: ["elif", "else", "endif"])))
        } while skip(name: "elif")
        if skip(name: "else") {
            try endBlock()
            otherwise = try parseBody(until: ["endif"])
        }
        try endBlock(named: "endif")
        return .conditional(branches, otherwise: otherwise)
    }

    private mutating func parseFor(line: Int) throws(TemplateError) -> TemplateLoop {
        let hasParenthesis = skip(.leftParenthesis)
        var targets = [try expectName()]
        while skip(.comma) { targets.append(try expectName()) }
        if hasParenthesis { try expect(.rightParenthesis) }
        guard skip(name: "in") else { throw unexpected() }
        let iterable = try parseTuple(allowsConditional: false)
        let condition = skip(name: "if") ? try parseExpression() : nil
        if token.kind.isName("recursive") {
            throw TemplateError(line: line, problem: .unsupported("a recursive loop"))
        }
        try endBlock()
        let body = try parseBody(until: ["else", "endfor"])
        var otherwise: [TemplateStatement] = []
        if skip(name: "else") {
            try endBlock()
            otherwise = try parseBody(until: ["endfor"])
        }
        try endBlock(named: "endfor")
        return TemplateLoop(
            targets: targets, iterable: iterable, condition: condition, body: body,
            otherwise: otherwise, line: line)
    }

    private mutating func parseSet(line: Int) throws(TemplateError) -> TemplateStatement {
        var targets = [try parseTarget()]
        while skip(.comma) { targets.append(try parseTarget()) }
        if skip(.assign) {
            let value = try parseTuple(allowsConditional: true)
            try endBlock()
            return .assign(targets, value)
        }
        guard targets.count == 1 else { throw unexpected() }
        var filters: [TemplateFilterCall] = []
        while skip(.pipe) { filters.append(try parseFilterCall()) }
        try endBlock()
        let body = try parseBody(until: ["endset"])
        try endBlock(named: "endset")
        return .assignBlock(targets[0], filters, body, line: line)
    }

    private mutating func parseTarget() throws(TemplateError) -> TemplateTarget {
        let name = try expectName()
        guard skip(.dot) else { return .variable(name) }
        return .attribute(variable: name, name: [UInt8](try expectName().utf8))
    }

    private mutating func parseMacro() throws(TemplateError) -> TemplateStatement {
        let name = try expectName()
        let parameters = try parseParameters()
        try endBlock()
        let body = try parseBody(until: ["endmacro"])
        try endBlock(named: "endmacro")
        macros.append(TemplateMacro(name: name, parameters: parameters, body: body))
        return .macro(index: macros.count - 1)
    }

    private mutating func parseParameters() throws(TemplateError) -> [TemplateMacro.Parameter] {
        var parameters: [TemplateMacro.Parameter] = []
        try expect(.leftParenthesis)
        while !skip(.rightParenthesis) {
            if !parameters.isEmpty { try expect(.comma) }
            let name = try expectName()
            let value = skip(.assign) ? try parseExpression() : nil
            parameters.append(TemplateMacro.Parameter(name: name, defaultValue: value))
        }
        return parameters
    }

    private mutating func parseCallBlock() throws(TemplateError) -> TemplateStatement {
        let parameters = token.kind.isSymbol(.leftParenthesis) ? try parseParameters() : []
        let call = try parseExpression()
        guard case .call = call.kind else { throw syntaxError("a 'call' block needs a call") }
        try endBlock()
        let body = try parseBody(until: ["endcall"])
        try endBlock(named: "endcall")
        macros.append(TemplateMacro(name: "caller", parameters: parameters, body: body))
        return .callBlock(call, index: macros.count - 1)
    }

    private mutating func parseFilterBlock(line: Int) throws(TemplateError) -> TemplateStatement {
        var filters = [try parseFilterCall()]
        while skip(.pipe) { filters.append(try parseFilterCall()) }
        try endBlock()
        let body = try parseBody(until: ["endfilter"])
        try endBlock(named: "endfilter")
        return .filterBlock(filters, body, line: line)
    }

    private mutating func parseFilterCall() throws(TemplateError) -> TemplateFilterCall {
        let name = try expectName()
        let arguments = token.kind.isSymbol(.leftParenthesis) ? try parseArguments() : TemplateArguments()
        return TemplateFilterCall(name: name, arguments: arguments)
    }
}
