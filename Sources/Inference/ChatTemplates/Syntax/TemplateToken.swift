/// A token of a template's source.
struct TemplateToken {
    enum Kind {
        /// Text outside of tags.
        case data([UInt8])
        case blockBegin
        case blockEnd
        case outputBegin
        case outputEnd
        case name(String)
        case string([UInt8])
        case integer(Int)
        case float(Double)
        case symbol(Symbol)
        case end
    }

    enum Symbol: Equatable {
        case plus, minus, star, doubleStar, slash, doubleSlash, percent, tilde, pipe
        case assign, equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
        case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
        case comma, colon, dot
    }

    var kind: Kind
    var line: Int
}

extension TemplateToken.Kind {
    func isName(_ name: String) -> Bool {
        if case .name(name) = self { true } else { false }
    }

    func isSymbol(_ symbol: TemplateToken.Symbol) -> Bool {
        if case .symbol(symbol) = self { true } else { false }
    }

    /// For messages.
    var text: String {
        switch self {
        case .data: "text"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .outputBegin: "'{{'"
        case .outputEnd: "'}}'"
        case .name(let name): "'" + name + "'"
        case .string: "a string"
        case .integer, .float: "a number"
        case .symbol: "a symbol"
        case .end: "the end of the template"
        }
    }
}
