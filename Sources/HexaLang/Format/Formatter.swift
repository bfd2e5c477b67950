/// Lays a program out: indentation by brackets, blanks between tokens by fixed rules. Lines stay as they were broken,
/// and every comment stays in its place; formatting the result again changes nothing.
public enum Formatter {
    public static func format(_ source: SourceFile) throws(Diagnostic) -> [UInt8] {
        var lexer = Lexer(source)
        try lexer.run()
        var layout = Layout(source, Piece.all(of: source, lexer))
        return layout.run()
    }
}

/// A token or a comment.
struct Piece {
    /// nil for a comment.
    var kind: TokenKind?
    var range: SourceRange
    /// Line breaks in the source before it.
    var lineBreaks: Int

    static func all(of source: SourceFile, _ lexer: Lexer) -> [Piece] {
        var pieces: [Piece] = []
        var comments = lexer.comments[...]
        var end = 0
        func add(_ kind: TokenKind?, _ range: SourceRange) {
            var breaks = 0
            for byte in source.bytes[end..<range.start] where byte == 10 { breaks += 1 }
            pieces.append(Piece(kind: kind, range: range, lineBreaks: breaks))
            end = range.end
        }
        for token in lexer.tokens {
            while let comment = comments.first, comment.start < max(token.range.start, 1) || token.kind == .end {
                add(nil, comment)
                comments.removeFirst()
            }
            if token.kind != .end { add(token.kind, token.range) }
        }
        return pieces
    }
}

/// Writes pieces one after the other.
private struct Layout {
    let source: SourceFile
    let pieces: [Piece]
    private var output: [UInt8] = []
    /// For each open bracket whether it indents the lines inside: only the first that a line leaves open does.
    private var brackets: [Bool] = []
    private var lineHasOpened = false
    private var spacing = TokenSpacing()

    init(_ source: SourceFile, _ pieces: [Piece]) {
        self.source = source
        self.pieces = pieces
    }

    mutating func run() -> [UInt8] {
        for (index, piece) in pieces.enumerated() {
            let startsLine = index > 0 && piece.lineBreaks > 0
            if startsLine {
                output.append(10)
                if piece.lineBreaks > 1, !opensBlock(pieces[index - 1]), !closesBlock(piece) { output.append(10) }
                lineHasOpened = false
            }
            if isCloser(piece.kind), brackets.popLast() == true { lineHasOpened = false }
            if startsLine || index == 0 {
                indent(piece, after: index > 0 ? pieces[index - 1] : nil)
                spacing.beginLine()
            } else if spacing.needsBlank(before: piece.kind) {
                output.append(32)
            }
            append(piece)
            spacing.advance(piece.kind)
            if isOpener(piece.kind) {
                brackets.append(!lineHasOpened)
                lineHasOpened = true
            }
        }
        if !output.isEmpty { output.append(10) }
        return output
    }

    private func opensBlock(_ piece: Piece) -> Bool { piece.kind == .leftBrace }
    private func closesBlock(_ piece: Piece) -> Bool { piece.kind == .rightBrace }

    private func isOpener(_ kind: TokenKind?) -> Bool {
        kind == .leftBrace || kind == .leftParenthesis || kind == .leftBracket
    }

    private func isCloser(_ kind: TokenKind?) -> Bool {
        kind == .rightBrace || kind == .rightParenthesis || kind == .rightBracket
    }

    private mutating func indent(_ piece: Piece, after previous: Piece?) {
        var depth = 0
        for indents in brackets where indents { depth += 1 }
        if let previous, continues(piece, previous) { depth += 1 }
        for _ in 0..<depth * 4 { output.append(32) }
    }

    /// Whether a line goes on with the statement of the line before.
    private func continues(_ piece: Piece, _ previous: Piece) -> Bool {
        guard let kind = piece.kind else { return false }
        if kind == .dot || TokenSpacing.isInfix(kind), kind != .minus, kind != .or, kind != .orOr { return true }
        guard let before = previous.kind else { return false }
        return TokenSpacing.isInfix(before) || TokenSpacing.isAssignment(before)
    }

    private mutating func append(_ piece: Piece) {
        var end = piece.range.end
        if piece.kind == nil {
            while end > piece.range.start, [32, 9, 13].contains(source.bytes[end - 1]) { end -= 1 }
        }
        output.append(contentsOf: source.bytes[piece.range.start..<end])
    }
}
