/// Whether an interactive input is a whole one.
public enum InputCompleteness {
    /// True while a bracket, comment or string is open, or the last line ends in an operator.
    public static func needsMore(_ text: String) -> Bool {
        let file = SourceFile(name: "", text: text)
        var lexer = Lexer(file)
        do {
            try lexer.run()
        } catch {
            return lexer.isUnterminated
        }
        var depth = 0
        for token in lexer.tokens {
            switch token.kind {
            case .leftBrace, .leftBracket, .leftParenthesis: depth += 1
            case .rightBrace, .rightBracket, .rightParenthesis: depth -= 1
            default: break
            }
        }
        guard depth <= 0 else { return true }
        guard lexer.tokens.count > 1 else { return false }
        let last = lexer.tokens[lexer.tokens.count - 2].kind
        return TokenSpacing.isInfix(last) || TokenSpacing.isAssignment(last)
    }
}
