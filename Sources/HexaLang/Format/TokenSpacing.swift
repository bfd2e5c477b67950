/// Whether a blank stands between two tokens of a line.
struct TokenSpacing {
    private var previous: TokenKind?
    private var previousIsComment = false
    /// The token before was a sign or `!`, which belongs to what follows.
    private var previousIsPrefix = false
    /// Between the bars of a closure's parameters.
    private var isInBars = false
    private var closesBars = false

    /// A line begins without a blank; what the token before was still tells signs from operators.
    mutating func beginLine() { previousIsPrefix = false }

    static func isAssignment(_ kind: TokenKind) -> Bool {
        switch kind {
        case .equal, .plusEqual, .minusEqual, .starEqual, .slashEqual, .percentEqual: true
        default: false
        }
    }

    static func isInfix(_ kind: TokenKind) -> Bool {
        switch kind {
        case .plus, .minus, .star, .slash, .percent, .starStar, .equalEqual, .notEqual, .less, .lessEqual, .greater,
             .greaterEqual, .andAnd, .orOr, .and, .or, .caret, .shiftLeft, .shiftRight: true
        default: false
        }
    }

    /// Whether a token ends a value, so that an operator after it stands between two.
    private static func endsValue(_ kind: TokenKind?) -> Bool {
        switch kind {
        case .name, .int, .float, .string, .char, .rightParenthesis, .rightBracket, .rightBrace, .keywordTrue,
            .keywordFalse,
             .keywordVoid, .question: true
        default: false
        }
    }

    func needsBlank(before next: TokenKind?) -> Bool {
        guard let next, !previousIsComment else { return true }
        guard let previous else { return false }
        if previousIsPrefix { return false }
        if isInBars, next == .or { return false }
        switch previous {
        case .leftParenthesis, .leftBracket, .dot, .doubleColon, .dotDot, .dotDotEqual, .attribute:
            return previous == .attribute && next != .leftParenthesis
        case .or where isInBars && !closesBars: return false
        case .leftBrace: return next != .rightBrace
        default: break
        }
        switch next {
        case .rightParenthesis, .rightBracket, .comma, .semicolon, .dot, .doubleColon, .colon, .question, .dotDot,
             .dotDotEqual: return false
        case .leftParenthesis:
            return !(Self.endsValue(previous) || previous == .keywordFn) || previous == .rightBrace
        case .leftBracket: return !Self.endsValue(previous) || previous == .rightBrace
        default: return true
        }
    }

    mutating func advance(_ kind: TokenKind?) {
        previousIsComment = kind == nil
        guard let kind else { return }
        let isValueBefore = Self.endsValue(previous)
        previousIsPrefix = kind == .bang || kind == .tilde || (kind == .minus || kind == .and) && !isValueBefore
        closesBars = false
        if kind == .or {
            if isInBars {
                isInBars = false
                closesBars = true
            } else if !isValueBefore {
                isInBars = true
            }
        }
        previous = kind
    }
}
