/// A token: its kind, where it stands, and whether a line begins before it.
struct Token {
    var kind: TokenKind
    var range: SourceRange
    var startsLine: Bool
}

enum TokenKind: UInt8 {
    case end
    case name, int, float, string, char, attribute
    // Keywords
    case keywordFn, keywordLet, keywordMut, keywordConst, keywordStatic, keywordIf, keywordElse, keywordWhile,
        keywordLoop
    case keywordFor, keywordIn, keywordBreak, keywordContinue, keywordReturn, keywordMatch, keywordStruct, keywordEnum
    case keywordImpl, keywordTrait, keywordTry, keywordCatch, keywordThrow, keywordAssert, keywordProof, keywordUse
    case keywordSpawn, keywordSelect, keywordComptime, keywordTrue, keywordFalse, keywordVoid, keywordPub, keywordAs
    // Punctuation
    case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
    case comma, semicolon, colon, doubleColon, dot, dotDot, dotDotEqual, arrow, fatArrow, question
    // Operators
    case equal, plusEqual, minusEqual, starEqual, slashEqual, percentEqual
    case plus, minus, star, slash, percent, starStar
    case equalEqual, notEqual, less, lessEqual, greater, greaterEqual
    case andAnd, orOr, bang, and, or, caret, tilde, shiftLeft, shiftRight

    /// How messages name the token.
    var description: String {
        switch self {
        case .end: "the end of the file"
        case .name: "a name"
        case .int, .float: "a number"
        case .string: "a string"
        case .char: "a character"
        case .attribute: "an attribute"
        default: "'" + (TokenKind.spelling(self) ?? "?") + "'"
        }
    }

    static let keywords: [(spelling: StaticString, kind: TokenKind)] = [
        ("fn", .keywordFn), ("let", .keywordLet), ("mut", .keywordMut), ("const", .keywordConst),
        ("static", .keywordStatic), ("if", .keywordIf), ("else", .keywordElse), ("while", .keywordWhile),
        ("loop", .keywordLoop), ("for", .keywordFor), ("in", .keywordIn), ("break", .keywordBreak),
        ("continue", .keywordContinue), ("return", .keywordReturn), ("match", .keywordMatch),
        ("struct", .keywordStruct), ("enum", .keywordEnum), ("impl", .keywordImpl), ("trait", .keywordTrait),
        ("try", .keywordTry), ("catch", .keywordCatch), ("throw", .keywordThrow), ("assert", .keywordAssert),
        ("proof", .keywordProof), ("use", .keywordUse), ("spawn", .keywordSpawn), ("select", .keywordSelect),
        ("comptime", .keywordComptime), ("true", .keywordTrue), ("false", .keywordFalse), ("void", .keywordVoid),
        ("pub", .keywordPub), ("as", .keywordAs),
    ]

    /// Longest first: the lexer takes the first that fits.
    static let punctuation: [(spelling: StaticString, kind: TokenKind)] = [
        ("..=", .dotDotEqual),
        ("::", .doubleColon), ("..", .dotDot), ("->", .arrow), ("=>", .fatArrow), ("+=", .plusEqual),
        (
            "-=",
            .minusEqual
        ),
        ("*=", .starEqual), ("/=", .slashEqual), ("%=", .percentEqual), ("**", .starStar), ("==", .equalEqual),
        ("!=", .notEqual), ("<=", .lessEqual), (">=", .greaterEqual), ("&&", .andAnd), ("||", .orOr),
        (
            "<<",
            .shiftLeft
        ),
        (">>", .shiftRight),
        ("(", .leftParenthesis), (")", .rightParenthesis), ("[", .leftBracket), ("]", .rightBracket), ("{", .leftBrace),
        ("}", .rightBrace), (",", .comma), (";", .semicolon), (":", .colon), (".", .dot), ("?", .question),
        (
            "=",
            .equal
        ),
        ("+", .plus), ("-", .minus), ("*", .star), ("/", .slash), ("%", .percent), ("<", .less), (">", .greater),
        ("!", .bang), ("&", .and), ("|", .or), ("^", .caret), ("~", .tilde),
    ]

    static func spelling(_ kind: TokenKind) -> String? {
        for entry in keywords + punctuation where entry.kind == kind { return "\(entry.spelling)" }
        return nil
    }

    var isKeyword: Bool { TokenKind.keywordFn.rawValue...TokenKind.keywordAs.rawValue ~= rawValue }
}
