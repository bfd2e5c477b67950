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
    /// A brace of a map, not of a block or struct.
    var isMapBrace = false

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
        markMaps(&pieces)
        return pieces
    }

    private static func markMaps(_ pieces: inout [Piece]) {
        let tokens = pieces.indices.filter { pieces[$0].kind != nil }
        var open: [Bool] = []
        for (place, index) in tokens.enumerated() {
            switch pieces[index].kind {
            case .leftBrace:
                let before = place > 0 ? pieces[tokens[place - 1]].kind : nil
                let isStruct = before == .name && pieces[index].lineBreaks == 0
                let following = tokens[place...].dropFirst()
                let isEmpty = following.first.map { pieces[$0].kind == .rightBrace } ?? false
                pieces[index].isMapBrace =
                    isEmpty
                    ? TokenSpacing.expectsValue(before) : !isStruct && beginsKey(following, pieces)
                open.append(pieces[index].isMapBrace)
            case .rightBrace: pieces[index].isMapBrace = open.popLast() ?? false
            default: break
            }
        }
    }

    /// Whether `key:` follows, as where the parser sees a map.
    private static func beginsKey(_ following: ArraySlice<Int>, _ pieces: [Piece]) -> Bool {
        guard let first = following.first else { return false }
        var afterKey = following.dropFirst()
        switch pieces[first].kind {
        case .string, .int, .char, .name, .float, .keywordTrue, .keywordFalse: break
        case .leftParenthesis:
            var depth = 1
            while depth > 0, let index = afterKey.popFirst() {
                if pieces[index].kind == .leftParenthesis { depth += 1 }
                if pieces[index].kind == .rightParenthesis { depth -= 1 }
            }
        default: return false
        }
        return afterKey.first.map { pieces[$0].kind == .colon } ?? false
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
            } else if spacing.needsBlank(before: piece) {
                output.append(32)
            }
            append(piece)
            spacing.advance(piece)
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
