/// Turns bytes into tokens. Comments are kept aside for the formatter.
struct Lexer {
    let file: SourceFile
    private let bytes: [UInt8]
    private var offset = 0
    private var startsLine = true
    private var previous = TokenKind.end
    private(set) var tokens: [Token] = []
    /// Comments in order, with their delimiters.
    private(set) var comments: [SourceRange] = []
    /// The file ended inside a comment or string.
    private(set) var isUnterminated = false

    private static let keywordTable: [[UInt8]: TokenKind] = {
        var table: [[UInt8]: TokenKind] = [:]
        for entry in TokenKind.keywords { table[entry.spelling.withUTF8Buffer { [UInt8]($0) }] = entry.kind }
        return table
    }()

    private static let punctuationTable: [(spelling: [UInt8], kind: TokenKind)] =
        TokenKind.punctuation.map { (spelling: $0.spelling.withUTF8Buffer { [UInt8]($0) }, kind: $0.kind) }

    init(_ file: SourceFile) {
        self.file = file
        bytes = file.bytes
    }

    mutating func run() throws(Diagnostic) {
        tokens.reserveCapacity(bytes.count / 4)
        skipFirstLine()
        while true {
            try skipBlanks()
            guard offset < bytes.count else { break }
            let start = offset
            let kind = try next()
            tokens.append(Token(kind: kind, range: SourceRange(start, offset), startsLine: startsLine))
            startsLine = false
            previous = kind
        }
        tokens.append(Token(kind: .end, range: SourceRange(bytes.count, bytes.count), startsLine: true))
    }

    private func failure(_ message: String, from start: Int, hint: String? = nil) -> Diagnostic {
        Diagnostic(message, in: file, at: SourceRange(start, max(offset, start + 1)), hint: hint)
    }

    private func byte(_ ahead: Int = 0) -> UInt8 { offset + ahead < bytes.count ? bytes[offset + ahead] : 0 }

    /// `#!hexa strict` or an interpreter line.
    private mutating func skipFirstLine() {
        guard bytes.count >= 2, bytes[0] == UInt8(ascii: "#"), bytes[1] == UInt8(ascii: "!") else { return }
        while offset < bytes.count, bytes[offset] != 10 { offset += 1 }
        comments.append(SourceRange(0, offset))
    }

    private mutating func skipBlanks() throws(Diagnostic) {
        while offset < bytes.count {
            switch bytes[offset] {
            case 10:
                startsLine = true
                offset += 1
            case 32, 9, 13: offset += 1
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
                let start = offset
                while offset < bytes.count, bytes[offset] != 10 { offset += 1 }
                comments.append(SourceRange(start, offset))
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): try skipBlockComment()
            default: return
            }
        }
    }

    /// `/* */`, nested.
    private mutating func skipBlockComment() throws(Diagnostic) {
        let start = offset
        var depth = 0
        repeat {
            guard offset < bytes.count else {
                offset = start + 2
                isUnterminated = true
                throw failure("this comment is never closed", from: start, hint: "add */")
            }
            if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                depth += 1
                offset += 2
            } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                depth -= 1
                offset += 2
            } else {
                if byte() == 10 { startsLine = true }
                offset += 1
            }
        } while depth > 0
        comments.append(SourceRange(start, offset))
    }

    private mutating func next() throws(Diagnostic) -> TokenKind {
        let first = bytes[offset]
        if Self.isNameStart(first) { return name() }
        if Self.isDigit(first) { return try number() }
        switch first {
        case UInt8(ascii: "\""): return try quoted(UInt8(ascii: "\""), .string)
        case UInt8(ascii: "'"): return try quoted(UInt8(ascii: "'"), .char)
        case UInt8(ascii: "@") where Self.isNameStart(byte(1)):
            offset += 1
            _ = name()
            return .attribute
        default: break
        }
        for entry in Self.punctuationTable where matches(entry.spelling) {
            offset += entry.spelling.count
            return entry.kind
        }
        let start = offset
        offset += 1
        while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
        throw failure("unexpected character '\(String(decoding: bytes[start..<offset], as: UTF8.self))'", from: start)
    }

    private func matches(_ spelling: [UInt8]) -> Bool {
        for (index, expected) in spelling.enumerated() where byte(index) != expected { return false }
        return true
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        97...122 ~= byte | 0x20 || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func isDigit(_ byte: UInt8) -> Bool { 48...57 ~= byte }

    private mutating func name() -> TokenKind {
        let start = offset
        while offset < bytes.count, Self.isNameStart(bytes[offset]) || Self.isDigit(bytes[offset]) { offset += 1 }
        guard offset - start <= 8, bytes[start] >= 97 else { return .name }
        return Self.keywordTable[Array(bytes[start..<offset])] ?? .name
    }

    private mutating func number() throws(Diagnostic) -> TokenKind {
        let start = offset
        // `pair.0.1`: after a point only digits belong to the element's number.
        if previous == .dot {
            while Self.isDigit(byte()) { offset += 1 }
            return .int
        }
        if byte() == 48, [120, 98, 111].contains(byte(1) | 0x20) {
            offset += 2
            while Self.isDigit(byte()) || Self.isNameStart(byte()) { offset += 1 }
            return .int
        }
        var kind = TokenKind.int
        skipDigits()
        if byte() == UInt8(ascii: "."), Self.isDigit(byte(1)) {
            kind = .float
            offset += 1
            skipDigits()
        }
        if byte() | 0x20 == UInt8(ascii: "e") {
            let sign = byte(1) == UInt8(ascii: "-") || byte(1) == UInt8(ascii: "+") ? 1 : 0
            if Self.isDigit(byte(1 + sign)) {
                kind = .float
                offset += 1 + sign
                skipDigits()
            }
        }
        if Self.isNameStart(byte()) {
            while Self.isDigit(byte()) || Self.isNameStart(byte()) { offset += 1 }
            throw failure("a number cannot be followed by a name", from: start, hint: "separate them by a blank")
        }
        return kind
    }

    private mutating func skipDigits() {
        while Self.isDigit(byte()) || byte() == UInt8(ascii: "_") { offset += 1 }
    }

    private mutating func quoted(_ quote: UInt8, _ kind: TokenKind) throws(Diagnostic) -> TokenKind {
        let start = offset
        offset += 1
        while true {
            guard offset < bytes.count, kind == .string || bytes[offset] != 10 else {
                offset = start + 1
                isUnterminated = kind == .string
                throw failure(
                    kind == .string ? "this string is never closed" : "this character is never closed",
                    from: start)
            }
            if bytes[offset] == UInt8(ascii: "\\") {
                offset = min(offset + 2, bytes.count)
            } else if bytes[offset] == quote {
                offset += 1
                return kind
            } else {
                offset += 1
            }
        }
    }
}
