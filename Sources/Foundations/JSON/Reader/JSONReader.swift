extension JSONValue {
    /// Reads one JSON text (RFC 8259), strictly: one value, surrounded by nothing but white space.
    ///
    /// Trusts nothing: never traps, recursion and memory are bounded by `JSONLimits`, time is linear in the text.
    public init(parsing text: Span<UInt8>) throws(JSONError) {
        var reader = JSONReader(text)
        self = try reader.readText()
    }

    /// Reads one JSON text from an array of bytes.
    public init(parsing text: [UInt8]) throws(JSONError) {
        try self.init(parsing: text.span)
    }
}

/// A recursive-descent reader over a span: one function per production of the grammar.
struct JSONReader: ~Escapable {
    let text: Span<UInt8>
    /// Index of the next unread byte.
    var position = 0
    /// Containers open around `position`.
    private var depth = 0
    /// Values begun so far.
    private var valueCount = 0

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) {
        self.text = text
    }

    mutating func readText() throws(JSONError) -> JSONValue {
        let value = try readValue()
        skipWhitespace()
        guard position == text.count else { throw unexpected(.endOfText) }
        return value
    }

    mutating func readValue() throws(JSONError) -> JSONValue {
        skipWhitespace()
        valueCount += 1
        guard valueCount <= JSONLimits.valueCountMax else { throw error(.tooManyValues) }
        guard let first = peek() else { throw error(.unexpectedEnd) }
        switch first {
        case UInt8(ascii: "{"): return .object(try readObject())
        case UInt8(ascii: "["): return .array(try readArray())
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try readNumber())
        case UInt8(ascii: "t"): return try readLiteral("true", as: .bool(true))
        case UInt8(ascii: "f"): return try readLiteral("false", as: .bool(false))
        case UInt8(ascii: "n"): return try readLiteral("null", as: .null)
        default: throw unexpected(.value)
        }
    }

    private mutating func readArray() throws(JSONError) -> [JSONValue] {
        try openContainer()
        var elements: [JSONValue] = []
        if skip(UInt8(ascii: "]")) { return closed(elements) }
        while true {
            elements.append(try readValue())
            if skip(UInt8(ascii: ",")) { continue }
            guard skip(UInt8(ascii: "]")) else { throw unexpected(.commaOrEndOfArray) }
            return closed(elements)
        }
    }

    private mutating func readObject() throws(JSONError) -> JSONObject {
        try openContainer()
        var object = JSONObject()
        if skip(UInt8(ascii: "}")) { return closed(object) }
        while true {
            skipWhitespace()
            guard peek() == UInt8(ascii: "\"") else {
                throw unexpected(object.members.isEmpty ? .memberNameOrEnd : .memberName)
            }
            let key = try readString()
            guard skip(UInt8(ascii: ":")) else { throw unexpected(.colon) }
            object.append(JSONObject.Member(key: key, value: try readValue()))
            if skip(UInt8(ascii: ",")) { continue }
            guard skip(UInt8(ascii: "}")) else { throw unexpected(.commaOrEndOfObject) }
            return closed(object)
        }
    }

    private mutating func openContainer() throws(JSONError) {
        guard depth < JSONLimits.depthMax else { throw error(.tooDeep) }
        depth += 1
        position += 1
    }

    private mutating func closed<Container>(_ container: Container) -> Container {
        depth -= 1
        return container
    }

    private mutating func readLiteral(_ literal: StaticString, as value: JSONValue) throws(JSONError) -> JSONValue {
        for offset in 0..<literal.utf8CodeUnitCount {
            // SAFETY: `offset` stays below the literal's length, and a static string lives for ever.
            guard peek() == literal.utf8Start[offset] else { throw unexpected(.value) }
            position += 1
        }
        return value
    }
}

// MARK: - Bytes and errors

extension JSONReader {
    /// The next byte, or nil at the end.
    func peek() -> UInt8? {
        position < text.count ? text[position] : nil
    }

    /// Skips white space and then `byte`, if it comes next.
    mutating func skip(_ byte: UInt8) -> Bool {
        skipWhitespace()
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    mutating func skipWhitespace() {
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    func error(_ reason: JSONError.Reason) -> JSONError {
        JSONError(reason, at: position, in: text)
    }

    func error(_ reason: JSONError.Reason, at offset: Int) -> JSONError {
        JSONError(reason, at: offset, in: text)
    }

    func unexpected(_ expected: JSONError.Expectation) -> JSONError {
        error(position < text.count ? .unexpectedByte(expected: expected) : .unexpectedEnd)
    }
}
