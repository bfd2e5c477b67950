/// Why a text is not JSON, and where.
public struct JSONError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// The text ended inside a value, or holds none.
        case unexpectedEnd
        /// A byte that cannot stand here: what was expected is in the message.
        case unexpectedByte(expected: Expectation)
        /// A control character below U+0020 in a string; it must be escaped.
        case controlCharacterInString
        /// A backslash followed by none of `"\/bfnrtu`.
        case invalidEscape
        /// `\u` without four hexadecimal digits.
        case invalidUnicodeEscape
        /// `\uD800` to `\uDFFF` that is not half of a surrogate pair: it denotes no character, so the text is refused.
        case loneSurrogate
        /// A string is not well-formed UTF-8.
        case invalidUTF8
        /// A number with a superfluous leading zero, or a sign, point or exponent without digits.
        case invalidNumber
        /// A number whose magnitude no finite double reaches.
        case numberOutOfRange
        /// More than `JSONLimits.depthMax` containers inside each other.
        case tooDeep
        /// More than `JSONLimits.valueCountMax` values.
        case tooManyValues
    }

    /// What the grammar allows at the offending byte.
    public enum Expectation: Equatable, Sendable {
        case value, memberNameOrEnd, memberName, colon, commaOrEndOfObject, commaOrEndOfArray, endOfText
    }

    public let reason: Reason
    /// Offset of the offending byte from the start of the text; the text's length when it ended too early.
    public let offset: Int
    /// Line of the offending byte, counted from 1; LF ends a line.
    public let line: Int
    /// Byte within its line, counted from 1.
    public let column: Int

    init(_ reason: Reason, at offset: Int, in text: Span<UInt8>) {
        self.reason = reason
        self.offset = offset
        let location = JSONLocation(offset: offset, in: text)
        line = location.line
        column = location.column
    }

    /// One line for people: position, then reason.
    public var message: String {
        "line \(line), column \(column): \(reason.text)"
    }
}

extension JSONError.Reason {
    /// The reason in words, without position.
    public var text: String {
        switch self {
        case .unexpectedEnd: "the text ends too early"
        case .unexpectedByte(let expected): "expected \(expected.text)"
        case .controlCharacterInString: "control character in a string; write it as an escape"
        case .invalidEscape: "unknown escape; allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"
        case .invalidUnicodeEscape: "\\u needs four hexadecimal digits"
        case .loneSurrogate: "surrogate escape without its other half"
        case .invalidUTF8: "string is not valid UTF-8"
        case .invalidNumber: "malformed number"
        case .numberOutOfRange: "number exceeds the range of a double"
        case .tooDeep: "more than \(JSONLimits.depthMax) nested arrays and objects"
        case .tooManyValues: "more than \(JSONLimits.valueCountMax) values"
        }
    }
}

extension JSONError.Expectation {
    var text: String {
        switch self {
        case .value: "a value"
        case .memberNameOrEnd: "a member name in quotes or '}'"
        case .memberName: "a member name in quotes"
        case .colon: "':'"
        case .commaOrEndOfObject: "',' or '}'"
        case .commaOrEndOfArray: "',' or ']'"
        case .endOfText: "nothing after the value"
        }
    }
}
