import Testing
@testable import JSON

@Suite("Reader")
struct ReaderTests {
    private func parse(_ text: String) throws(JSONError) -> JSONValue {
        try JSONValue(parsing: Array(text.utf8))
    }

    private func failure(_ text: [UInt8]) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONValue(parsing: text)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "Valid texts",
        arguments: [
            ("null", nil), (" \t\r\n true \n", true), ("false", false), ("[]", []), ("{}", [:]), ("\"\"", ""),
            ("[ ]", []), ("{ }", [:]),
            ("[1,2.5,\"x\",null,[],{}]", [1, 2.5, "x", nil, [], [:]]), ("{\"a\":{\"b\":[true]}}", ["a": ["b": [true]]]),
            ("[1 , 2]", [1, 2]), ("{\"a\" : 1 , \"b\" : 2}", ["a": 1, "b": 2]), ("{\"\":0}", ["": 0]), ("0", 0),
            ("-0.0", -0.0),
            ("\"\u{7F}\"", "\u{7F}"), ("\"\u{2028}\u{FEFF}\"", "\u{2028}\u{FEFF}"), ("\"a\\/b\"", "a/b"),
        ] as [(String, JSONValue)])
    func valid(_ text: String, _ value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(
        "Escapes and surrogate pairs",
        arguments: [
            ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\u{8}\u{C}\n\r\t"), ("\"\\u0041\\u00e9\\u20AC\"", "Aé€"),
            ("\"\\u0000\"", "\0"),
            ("\"\\uD83D\\uDE00\"", "😀"), ("\"\\ud800\\udc00\\uDBFF\\uDFFF\"", "\u{10000}\u{10FFFF}"),
            ("\"\\uFFFF\"", "\u{FFFF}"),
            ("\"é😀\"", "é😀"),
        ])
    func escapes(_ text: String, _ value: String) throws {
        #expect(try parse(text).utf8Value == Array(value.utf8))
    }

    @Test(
        "Invalid texts say why and where",
        arguments: [
            ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("[", .unexpectedEnd, 1), ("{\"a\"", .unexpectedEnd, 4),
            ("\"abc", .unexpectedEnd, 4), ("\"\\", .unexpectedEnd, 2), ("\"\\u12", .unexpectedEnd, 5),
            ("tru", .unexpectedEnd, 3),
            ("-", .unexpectedEnd, 1), ("1.", .unexpectedEnd, 2), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
            ("nul1", .unexpectedByte(expected: .value), 3), ("True", .unexpectedByte(expected: .value), 0),
            ("NaN", .unexpectedByte(expected: .value), 0), ("Infinity", .unexpectedByte(expected: .value), 0),
            ("'a'", .unexpectedByte(expected: .value), 0), ("+1", .unexpectedByte(expected: .value), 0),
            (".5", .unexpectedByte(expected: .value), 0), ("// x", .unexpectedByte(expected: .value), 0),
            ("\u{FEFF}1", .unexpectedByte(expected: .value), 0), ("\u{A0}1", .unexpectedByte(expected: .value), 0),
            ("1 2", .unexpectedByte(expected: .endOfText), 2), ("{}}", .unexpectedByte(expected: .endOfText), 2),
            ("1\0", .unexpectedByte(expected: .endOfText), 1), ("0x1", .unexpectedByte(expected: .endOfText), 1),
            ("[1,]", .unexpectedByte(expected: .value), 3), ("[,1]", .unexpectedByte(expected: .value), 1),
            ("[1 2]", .unexpectedByte(expected: .commaOrEndOfArray), 3),
            ("[1}", .unexpectedByte(expected: .commaOrEndOfArray), 2),
            ("{,}", .unexpectedByte(expected: .memberNameOrEnd), 1),
            ("{1:2}", .unexpectedByte(expected: .memberNameOrEnd), 1),
            ("{\"a\":1,}", .unexpectedByte(expected: .memberName), 7),
            ("{\"a\" 1}", .unexpectedByte(expected: .colon), 5),
            ("{\"a\":1 \"b\":2}", .unexpectedByte(expected: .commaOrEndOfObject), 7),
            ("{\"a\":1]", .unexpectedByte(expected: .commaOrEndOfObject), 6),
            ("01", .invalidNumber, 0), ("-01", .invalidNumber, 0), ("1.e1", .invalidNumber, 0),
            ("-a", .invalidNumber, 0),
            ("1e a", .invalidNumber, 0), ("[1e+]", .invalidNumber, 1), ("1e400", .numberOutOfRange, 0),
            ("\"a\nb\"", .controlCharacterInString, 2), ("\"\0\"", .controlCharacterInString, 1),
            ("\"\\x41\"", .invalidEscape, 1), ("\"\\'\"", .invalidEscape, 1), ("\"\\u12G4\"", .invalidUnicodeEscape, 1),
            ("\"\\u-123\"", .invalidUnicodeEscape, 1), ("\"\\U0041\"", .invalidEscape, 1),
            ("\"\\uD800\"", .loneSurrogate, 1), ("\"\\uDC00\"", .loneSurrogate, 1),
            ("\"\\uD800\\uD800\"", .loneSurrogate, 1),
            ("\"\\uD800\\n\"", .loneSurrogate, 1), ("\"\\uD83Dx\"", .loneSurrogate, 1),
            ("\"ab\\uDE00\\uD83D\"", .loneSurrogate, 3),
        ] as [(String, JSONError.Reason, Int)])
    func invalid(_ text: String, _ reason: JSONError.Reason, _ offset: Int) throws {
        let error = try #require(failure(Array(text.utf8)), "\(text) was accepted")
        #expect(error.reason == reason)
        #expect(error.offset == offset)
    }

    @Test(
        "Ill-formed UTF-8 in a string is refused",
        arguments: [
            [0x80], [0xBF], [0xC0, 0xAF], [0xC1, 0x81], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func illFormedUTF8(_ bytes: [UInt8]) {
        #expect(failure([0x22, 0x61] + bytes + [0x22])?.reason == .invalidUTF8)
        #expect(failure([0x22, 0x61] + bytes + [0x22])?.offset == 2)
    }

    @Test("Every scalar value is accepted, escaped and plain")
    func everyPlane() throws {
        for value in stride(from: UInt32(0x80), through: 0x10FFFF, by: 251) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(Character(scalar))
            #expect(try parse("\"\(text)\"").utf8Value == Array(text.utf8))
            let escaped = text.utf16.map { unit in
                "\\u" + String(repeating: "0", count: 4 - String(unit, radix: 16).count) + String(unit, radix: 16)
            }
            #expect(try parse("\"\(escaped.joined())\"").utf8Value == Array(text.utf8))
        }
    }

    @Test("Errors carry line and column, counted from one")
    func position() throws {
        let error = try #require(failure(Array("{\n  \"a\": 1,\n  \"b\": x\n}".utf8)))
        #expect((error.line, error.column) == (3, 8))
        #expect(error.message == "line 3, column 8: expected a value")
    }

    @Test("Nesting is accepted at the limit and refused one past it")
    func depth() {
        func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
            Array((String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)).utf8)
        }
        #expect(failure(nested(JSONLimits.depthMax, "[", "]")) == nil)
        #expect(failure(nested(JSONLimits.depthMax + 1, "[", "]"))?.reason == .tooDeep)
        #expect(failure(nested(JSONLimits.depthMax, "{\"a\":", "}")) == nil)
        #expect(failure(nested(JSONLimits.depthMax + 1, "{\"a\":", "}"))?.reason == .tooDeep)
        #expect(failure(Array(repeating: UInt8(ascii: "["), count: 1_000_000))?.reason == .tooDeep)
        let siblings = "[" + String(repeating: "[],", count: JSONLimits.depthMax * 2) + "[]]"
        #expect(failure(Array(siblings.utf8)) == nil)
    }

    @Test("As many values as the limit are accepted, one more is refused")
    func valueCount() {
        func array(_ count: Int) -> [UInt8] {
            [UInt8(ascii: "[")] + Array(repeating: [UInt8(ascii: "0"), UInt8(ascii: ",")], count: count - 1).joined()
                + [UInt8(ascii: "0"), UInt8(ascii: "]")]
        }
        #expect(failure(array(JSONLimits.valueCountMax - 1)) == nil)
        #expect(failure(array(JSONLimits.valueCountMax))?.reason == .tooManyValues)
    }

    @Test("The last of several members of one name is the one found; all are kept in order")
    func duplicateNames() throws {
        let object = try #require(try parse("{\"a\":1,\"b\":2,\"a\":3}").objectValue)
        #expect(object["a"] == 3)
        #expect(object["c"] == nil)
        #expect(object.members.map(\.key) == ["a", "b", "a"])
    }

    @Test("Names are compared byte by byte, not by canonical equivalence")
    func canonicalEquivalence() throws {
        let value = try parse("{\"e\u{301}\":1}")
        #expect(value["é"] == nil)
        #expect(value["e\u{301}"] == 1)
    }

    @Test("Accessors answer for their own kind only")
    func accessors() throws {
        let value = try parse("{\"s\":\"x\",\"i\":7,\"d\":0.5,\"b\":true,\"n\":null,\"a\":[1,2]}")
        #expect(value["s"]?.stringValue == "x")
        #expect(value["i"]?.intValue == 7)
        #expect(value["i"]?.doubleValue == 7)
        #expect(value["d"]?.doubleValue == 0.5)
        #expect(value["d"]?.intValue == nil)
        #expect(value["b"]?.boolValue == true)
        #expect(value["n"]?.isNull == true)
        #expect(value["a"]?.arrayValue?.count == 2)
        #expect(value["a"]?[1] == 2)
        #expect(value["a"]?[2] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["s"]?.intValue == nil)
        #expect(value["i"]?.stringValue == nil)
        #expect(value["x"] == nil)
        #expect(value["s"]?["x"] == nil)
    }
}
