/// Whether a blank stands between two tokens of a line.
struct TokenSpacing {
    private var previous: TokenKind?
    private var previousIsComment = false
    private var previousIsMapBrace = false
    /// The token before was a sign or `!`, which belongs to what follows.
    private var previousIsPrefix = false
    /// Between the bars of a closure's parameters.
    private var isInBars = false
    private var closesBars = false

    /// A line begins without a blank; what the token before was still distinguishes signs from operators.
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
            .greaterEqual, .andAnd, .orOr, .and, .or, .caret, .shiftLeft, .shiftRight:
            true
        default: false
        }
    }

    /// Whether a token ends a value, so that an operator after it stands between two.
    private static func endsValue(_ kind: TokenKind?) -> Bool {
        switch kind {
        case .name, .int, .float, .string, .char, .rightParenthesis, .rightBracket, .rightBrace, .keywordTrue,
            .keywordFalse,
            .keywordVoid, .question:
            true
        default: false
        }
    }

    /// Whether what follows a token is a value, so that `{}` there is a map.
    static func expectsValue(_ kind: TokenKind?) -> Bool {
        switch kind {
        case .leftParenthesis, .leftBracket, .comma, .colon, .arrow, .fatArrow, .keywordReturn: true
        case .some(let kind): isAssignment(kind) || isInfix(kind)
        case nil: false
        }
    }

    func needsBlank(before piece: Piece) -> Bool {
        guard let next = piece.kind, !previousIsComment else { return true }
        guard let previous else { return false }
        if previousIsPrefix { return false }
        if isInBars, next == .or { return false }
        switch previous {
        case .leftParenthesis, .leftBracket, .dot, .doubleColon, .dotDot, .dotDotEqual, .attribute:
            return previous == .attribute && next != .leftParenthesis
        case .or where isInBars && !closesBars: return false
        case .leftBrace: return !previousIsMapBrace
        default: break
        }
        let followsBlock = previous == .rightBrace && !previousIsMapBrace
        switch next {
        case .rightBrace where piece.isMapBrace: return false
        case .rightParenthesis, .rightBracket, .comma, .semicolon, .dot, .doubleColon, .colon, .question, .dotDot,
            .dotDotEqual:
            return false
        case .leftParenthesis:
            return !(Self.endsValue(previous) || previous == .keywordFn) || followsBlock
        case .leftBracket: return !Self.endsValue(previous) || followsBlock
        default: return true
        }
    }

    mutating func advance(_ piece: Piece) {
        previousIsComment = piece.kind == nil
        guard let kind = piece.kind else { return }
        previousIsMapBrace = piece.isMapBrace
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
