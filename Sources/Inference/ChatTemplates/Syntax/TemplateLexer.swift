/// Cuts a template into tokens, with Jinja's whitespace rules as Hugging Face sets them: `trim_blocks` (the line break
/// behind a block tag goes), `lstrip_blocks` (so does indentation before one), and `-` strips all whitespace.
struct TemplateLexer {
    private let source: [UInt8]
    private var offset = 0
    private var line = 1
    private var tokens: [TemplateToken] = []
    /// The text at `offset` starts a line: what came before was the start or a tag that swallowed a line break.
    private var startsLine = true

    static func tokens(of source: [UInt8]) throws(TemplateError) -> [TemplateToken] {
        guard source.count <= TemplateLimits.sourceByteCountMax else {
            throw TemplateError(line: 1, problem: .limit("source bytes"))
        }
        var lexer = TemplateLexer(source)
        try lexer.run()
        return lexer.tokens
    }

    private init(_ source: [UInt8]) {
        // Jinja normalises line breaks, and drops one at the very end.
        var normalized: [UInt8] = []
        normalized.reserveCapacity(source.count)
        for (index, byte) in source.enumerated() {
            if byte == 0x0d {
                if index + 1 >= source.count || source[index + 1] != 0x0a { normalized.append(0x0a) }
            } else {
                normalized.append(byte)
            }
        }
        if normalized.last == 0x0a { normalized.removeLast() }
        self.source = normalized
    }

    private enum Tag { case output, block, comment }

    private mutating func run() throws(TemplateError) {
        while let (tag, start) = nextTag() {
            emitData(upTo: start, before: tag)
            advance(to: start + 2)
            if let byte = peek(), byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") { advance(to: offset + 1) }
            switch tag {
            case .comment:
                try skipComment()
            case .block where try skipRaw():
                break
            case .block, .output:
                tokens.append(TemplateToken(kind: tag == .block ? .blockBegin : .outputBegin, line: line))
                try lexTag(tag)
            }
        }
        emit(Array(source[offset...]))
        tokens.append(TemplateToken(kind: .end, line: line))
    }

    private func nextTag() -> (Tag, start: Int)? {
        var index = offset
        while index + 1 < source.count {
            if source[index] == UInt8(ascii: "{") {
                switch source[index + 1] {
                case UInt8(ascii: "{"): return (.output, index)
                case UInt8(ascii: "%"): return (.block, index)
                case UInt8(ascii: "#"): return (.comment, index)
                default: break
                }
            }
            index += 1
        }
        return nil
    }

    /// Emits the text before a tag, without what the tag strips.
    private mutating func emitData(upTo start: Int, before tag: Tag) {
        var end = start
        let sign = start + 2 < source.count ? source[start + 2] : 0
        if sign == UInt8(ascii: "-") {
            while end > offset, Self.isSpace(source[end - 1]) { end -= 1 }
        } else if tag != .output, sign != UInt8(ascii: "+") {
            var lineStart = end
            while lineStart > offset, source[lineStart - 1] != 0x0a, Self.isSpace(source[lineStart - 1]) {
                lineStart -= 1
            }
            let isAtLineStart = lineStart == offset ? startsLine : source[lineStart - 1] == 0x0a
            if isAtLineStart { end = lineStart }
        }
        emit(Array(source[offset..<end]))
    }

    private mutating func emit(_ data: [UInt8]) {
        if !data.isEmpty { tokens.append(TemplateToken(kind: .data(data), line: line)) }
    }

    private mutating func skipComment() throws(TemplateError) {
        let start = line
        while offset + 1 < source.count {
            if source[offset] == UInt8(ascii: "#"), source[offset + 1] == UInt8(ascii: "}") {
                let sign = source[offset - 1]
                advance(to: offset + 2)
                finishTag(sign: sign, trimsLineBreak: true)
                return
            }
            advance(to: offset + 1)
        }
        throw TemplateError(line: start, problem: .syntax("a comment has no end"))
    }

    /// `{% raw %}...{% endraw %}`: the text between is data. False if the tag at hand is another.
    private mutating func skipRaw() throws(TemplateError) -> Bool {
        guard let (contentStart, sign) = matchTag("raw", at: offset) else { return false }
        let start = line
        advance(to: contentStart)
        finishTag(sign: sign, trimsLineBreak: true)
        var end = offset
        while end + 1 < source.count {
            if source[end] == UInt8(ascii: "{"), source[end + 1] == UInt8(ascii: "%") {
                let hasSign =
                    end + 2 < source.count
                    && (source[end + 2] == UInt8(ascii: "-") || source[end + 2] == UInt8(ascii: "+"))
                if let (behind, sign) = matchTag("endraw", at: end + (hasSign ? 3 : 2)) {
                    emitData(upTo: end, before: .block)
                    advance(to: behind)
                    finishTag(sign: sign, trimsLineBreak: true)
                    return true
                }
            }
            end += 1
        }
        throw TemplateError(line: start, problem: .syntax("'raw' has no 'endraw'"))
    }

    /// Matches `name %}` with spaces around; the sign is the byte before `%}`.
    private func matchTag(_ name: String, at start: Int) -> (end: Int, sign: UInt8)? {
        var index = start
        while index < source.count, Self.isSpace(source[index]) { index += 1 }
        for byte in name.utf8 {
            guard index < source.count, source[index] == byte else { return nil }
            index += 1
        }
        while index < source.count, Self.isSpace(source[index]) { index += 1 }
        var sign = UInt8(ascii: " ")
        if index < source.count, source[index] == UInt8(ascii: "-") || source[index] == UInt8(ascii: "+") {
            sign = source[index]
            index += 1
        }
        guard index + 1 < source.count, source[index] == UInt8(ascii: "%"), source[index + 1] == UInt8(ascii: "}")
        else {
            return nil
        }
        return (index + 2, sign)
    }

    /// Behind a tag's closing bracket: strips what its sign asks for.
    private mutating func finishTag(sign: UInt8, trimsLineBreak: Bool) {
        startsLine = false
        if sign == UInt8(ascii: "-") {
            while let byte = peek(), Self.isSpace(byte) {
                startsLine = byte == 0x0a
                advance(to: offset + 1)
            }
        } else if trimsLineBreak, sign != UInt8(ascii: "+"), peek() == 0x0a {
            startsLine = true
            advance(to: offset + 1)
        }
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        offset + distance < source.count ? source[offset + distance] : nil
    }

    private mutating func advance(to end: Int) {
        while offset < end {
            if source[offset] == 0x0a { line += 1 }
            offset += 1
        }
    }

    fileprivate static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}

// MARK: - Inside of a tag

extension TemplateLexer {
    private mutating func lexTag(_ tag: Tag) throws(TemplateError) {
        let start = line
        let closing = tag == .block ? UInt8(ascii: "%") : UInt8(ascii: "}")
        var nesting = 0
        while let byte = peek() {
            if nesting == 0 {
                let hasSign =
                    (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+"))
                    && peek(1) == closing && peek(2) == UInt8(ascii: "}")
                if hasSign || (byte == closing && peek(1) == UInt8(ascii: "}")) {
                    tokens.append(TemplateToken(kind: tag == .block ? .blockEnd : .outputEnd, line: line))
                    advance(to: offset + (hasSign ? 3 : 2))
                    finishTag(sign: byte, trimsLineBreak: tag == .block)
                    return
                }
            }
            switch byte {
            case _ where Self.isSpace(byte): advance(to: offset + 1)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
                lexName()
            case UInt8(ascii: "0")...UInt8(ascii: "9"): try lexNumber()
            case UInt8(ascii: "'"), UInt8(ascii: "\""): try lexString(quote: byte)
            default: nesting += try lexSymbol()
            }
        }
        throw TemplateError(line: start, problem: .syntax("a tag has no end"))
    }

    private mutating func lexName() {
        let start = offset
        while let byte = peek(), Self.isNameByte(byte) { offset += 1 }
        tokens.append(TemplateToken(kind: .name(String(decoding: source[start..<offset], as: UTF8.self)), line: line))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Decimal integers, fractions and exponents.
    private mutating func lexNumber() throws(TemplateError) {
        // Behind a dot stands an element's number: `list.0.1` holds no fraction.
        let isElement = offset > 0 && source[offset - 1] == UInt8(ascii: ".")
        var integer = 0
        var value = 0.0
        var isTooLarge = false
        while let digit = digit() {
            let product = integer.multipliedReportingOverflow(by: 10)
            let sum = product.partialValue.addingReportingOverflow(digit)
            isTooLarge = isTooLarge || product.overflow || sum.overflow
            integer = sum.partialValue
            value = value * 10 + Double(digit)
        }
        var exponent = 0
        let isFraction = !isElement && peek() == UInt8(ascii: ".") && isDigit(peek(1))
        if isFraction {
            advance(to: offset + 1)
            while let digit = digit() {
                value = value * 10 + Double(digit)
                exponent -= 1
            }
        }
        let stated = isElement ? nil : lexExponent()
        guard isFraction || stated != nil else {
            guard !isTooLarge else { throw TemplateError(line: line, problem: .limit("integers")) }
            tokens.append(TemplateToken(kind: .integer(integer), line: line))
            return
        }
        exponent += stated ?? 0
        // One division by an exact power gives the nearest double for numbers as short as those in templates.
        var power = 1.0
        for _ in 0..<exponent.magnitude { power *= 10 }
        tokens.append(TemplateToken(kind: .float(exponent < 0 ? value / power : value * power), line: line))
    }

    /// `e`, a sign if any, and up to three digits.
    private mutating func lexExponent() -> Int? {
        guard let letter = peek(), letter | 0x20 == UInt8(ascii: "e") else { return nil }
        let isSigned = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
        guard isDigit(peek(isSigned ? 2 : 1)) else { return nil }
        let isNegative = peek(1) == UInt8(ascii: "-")
        advance(to: offset + (isSigned ? 2 : 1))
        var exponent = 0
        while let digit = digit() { exponent = min(exponent * 10 + digit, 999) }
        return isNegative ? -exponent : exponent
    }

    private func isDigit(_ byte: UInt8?) -> Bool {
        byte.map { (0x30...0x39).contains($0) } ?? false
    }

    private mutating func digit() -> Int? {
        while peek() == UInt8(ascii: "_") { offset += 1 }
        guard let byte = peek(), isDigit(byte) else { return nil }
        offset += 1
        return Int(byte - 0x30)
    }

    private mutating func lexString(quote: UInt8) throws(TemplateError) {
        let start = line
        var bytes: [UInt8] = []
        advance(to: offset + 1)
        while let byte = peek() {
            advance(to: offset + 1)
            if byte == quote {
                tokens.append(TemplateToken(kind: .string(bytes), line: start))
                return
            }
            if byte == UInt8(ascii: "\\"), let escaped = peek() {
                advance(to: offset + 1)
                try appendEscape(escaped, to: &bytes)
            } else {
                bytes.append(byte)
            }
        }
        throw TemplateError(line: start, problem: .syntax("a string has no end"))
    }

    /// Python's escapes; an unknown one stays as it is, backslash included.
    private mutating func appendEscape(_ byte: UInt8, to bytes: inout [UInt8]) throws(TemplateError) {
        switch byte {
        case UInt8(ascii: "n"): bytes.append(0x0a)
        case UInt8(ascii: "r"): bytes.append(0x0d)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "a"): bytes.append(0x07)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0c)
        case UInt8(ascii: "v"): bytes.append(0x0b)
        case 0x0a: break
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): bytes.append(byte)
        case UInt8(ascii: "x"): try appendHexadecimal(digits: 2, to: &bytes)
        case UInt8(ascii: "u"): try appendHexadecimal(digits: 4, to: &bytes)
        case UInt8(ascii: "U"): try appendHexadecimal(digits: 8, to: &bytes)
        case UInt8(ascii: "0"): bytes.append(0)
        default: bytes += [UInt8(ascii: "\\"), byte]
        }
    }

    private mutating func appendHexadecimal(digits: Int, to bytes: inout [UInt8]) throws(TemplateError) {
        var value: UInt32 = 0
        for _ in 0..<digits {
            let digit: UInt8? =
                switch peek() {
                case .some(let byte) where (0x30...0x39).contains(byte): byte - 0x30
                case .some(let byte) where (0x41...0x46).contains(byte): byte - 0x41 + 10
                case .some(let byte) where (0x61...0x66).contains(byte): byte - 0x61 + 10
                default: nil
                }
            guard let digit else { throw TemplateError(line: line, problem: .syntax("an escape lacks digits")) }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw TemplateError(line: line, problem: .syntax("an escape names no character"))
        }
        bytes += Array(String(Character(scalar)).utf8)
    }

    /// The change of nesting: brackets inside of a tag keep `}}` from ending it.
    private mutating func lexSymbol() throws(TemplateError) -> Int {
        guard let (symbol, length) = symbol() else {
            throw TemplateError(line: line, problem: .syntax("an unexpected character in a tag"))
        }
        tokens.append(TemplateToken(kind: .symbol(symbol), line: line))
        advance(to: offset + length)
        switch symbol {
        case .leftParenthesis, .leftBracket, .leftBrace: return 1
        case .rightParenthesis, .rightBracket, .rightBrace: return -1
        default: return 0
        }
    }

    private func symbol() -> (TemplateToken.Symbol, length: Int)? {
        switch (peek(), peek(1)) {
        case (UInt8(ascii: "*"), UInt8(ascii: "*")): (.doubleStar, 2)
        case (UInt8(ascii: "/"), UInt8(ascii: "/")): (.doubleSlash, 2)
        case (UInt8(ascii: "="), UInt8(ascii: "=")): (.equal, 2)
        case (UInt8(ascii: "!"), UInt8(ascii: "=")): (.notEqual, 2)
        case (UInt8(ascii: "<"), UInt8(ascii: "=")): (.lessOrEqual, 2)
        case (UInt8(ascii: ">"), UInt8(ascii: "=")): (.greaterOrEqual, 2)
        case (UInt8(ascii: "+"), _): (.plus, 1)
        case (UInt8(ascii: "-"), _): (.minus, 1)
        case (UInt8(ascii: "*"), _): (.star, 1)
        case (UInt8(ascii: "/"), _): (.slash, 1)
        case (UInt8(ascii: "%"), _): (.percent, 1)
        case (UInt8(ascii: "~"), _): (.tilde, 1)
        case (UInt8(ascii: "|"), _): (.pipe, 1)
        case (UInt8(ascii: "="), _): (.assign, 1)
        case (UInt8(ascii: "<"), _): (.less, 1)
        case (UInt8(ascii: ">"), _): (.greater, 1)
        case (UInt8(ascii: "("), _): (.leftParenthesis, 1)
        case (UInt8(ascii: ")"), _): (.rightParenthesis, 1)
        case (UInt8(ascii: "["), _): (.leftBracket, 1)
        case (UInt8(ascii: "]"), _): (.rightBracket, 1)
        case (UInt8(ascii: "{"), _): (.leftBrace, 1)
        case (UInt8(ascii: "}"), _): (.rightBrace, 1)
        case (UInt8(ascii: ","), _): (.comma, 1)
        case (UInt8(ascii: ":"), _): (.colon, 1)
        case (UInt8(ascii: "."), _): (.dot, 1)
        default: nil
        }
    }
}
