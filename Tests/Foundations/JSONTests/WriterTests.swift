import TestSupport
import Testing
@testable import JSON

@Suite("Writer")
struct WriterTests {
    private func text(_ writer: JSONWriter) -> String {
        String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("A streaming chunk is written piece by piece, and the buffer serves the next")
    func stream() {
        var writer = JSONWriter()
        for _ in 0..<2 {
            writer.removeAll()
            writer.beginObject()
            writer.member("id", "chatcmpl-1")
            writer.key("choices")
            writer.beginArray()
            writer.beginObject()
            writer.member("index", 0)
            writer.member("delta", ["content": "Hi"])
            writer.key("finish_reason")
            writer.null()
            writer.endObject()
            writer.endArray()
            writer.member("done", false)
            writer.endObject()
            let expected = """
                {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"done":false}
                """
            #expect(text(writer) == expected)
        }
    }

    @Test("A writer appends to the bytes it is given")
    func appending() {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.value(1)
        #expect(text(writer) == "data: 1")
    }

    @Test("The pretty style indents by two and keeps empty containers on one line")
    func pretty() {
        let value: JSONValue = ["a": [1, [], [:]], "b": ["c": nil]]
        #expect(
            String(decoding: value.serialized(style: .pretty), as: UTF8.self) == """
                {
                  "a": [
                    1,
                    [],
                    {}
                  ],
                  "b": {
                    "c": null
                  }
                }
                """)
    }

    @Test(
        "Strings are escaped where they must be and nowhere else",
        arguments: [
            ("plain", "\"plain\""), ("", "\"\""), ("\"\\/", "\"\\\"\\\\/\""),
            ("\u{8}\t\n\u{C}\r", "\"\\b\\t\\n\\f\\r\""),
            ("\0\u{1F}\u{B}", "\"\\u0000\\u001f\\u000b\""), ("é€😀\u{7F}\u{2028}", "\"é€😀\u{7F}\u{2028}\""),
            ("\"", "\"\\\"\""),
        ])
    func escaping(_ string: String, _ expected: String) {
        var writer = JSONWriter()
        writer.value(string)
        #expect(text(writer) == expected)
    }

    @Test(
        "Ill-formed UTF-8 becomes U+FFFD byte by byte",
        arguments: [
            ([0x61, 0xFF, 0x62], "\"a\u{FFFD}b\""), ([0xE2, 0x82], "\"\u{FFFD}\u{FFFD}\""),
            ([0xC3, 0xA9, 0xC3], "\"é\u{FFFD}\""),
            ([0xED, 0xA0, 0x80], "\"\u{FFFD}\u{FFFD}\u{FFFD}\""),
        ] as [([UInt8], String)])
    func illFormed(_ bytes: [UInt8], _ expected: String) {
        var writer = JSONWriter()
        writer.value(utf8: bytes.span)
        #expect(text(writer) == expected)
    }

    @Test("Integers", arguments: [0, 1, -1, 9, 10, 99, 100, -1234567890, .max, .min])
    func integers(_ value: Int) {
        var writer = JSONWriter()
        writer.value(value)
        #expect(text(writer) == String(value))
    }

    @Test(
        "Doubles are written in their shortest form, which is always JSON",
        arguments: [
            (0.1, "0.1"), (1, "1.0"), (-0.0, "-0.0"), (1e100, "1e+100"), (.leastNonzeroMagnitude, "5e-324"),
            (1.0 / 3, "0.3333333333333333"),
            (.infinity, "null"), (-.infinity, "null"), (.nan, "null"), (-1.5e-7, "-1.5e-07"),
        ])
    func doubles(_ value: Double, _ expected: String) throws {
        var writer = JSONWriter()
        writer.value(value)
        #expect(text(writer) == expected)
        _ = try JSONValue(parsing: writer.bytes)
    }

    @Test("Random values survive both styles")
    func roundTrip() throws {
        var random = SplitMix64(seed: 4)
        for _ in 0..<500 {
            let value = JSONValue.random(depth: 4, using: &random)
            #expect(try JSONValue(parsing: value.serialized()) == value)
            #expect(try JSONValue(parsing: value.serialized(style: .pretty)) == value)
        }
    }
}

@Suite("Fuzz")
struct FuzzTests {
    @Test("Mutated texts never trap, and what is accepted survives a round trip")
    func mutations() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<3_000 {
            var text = JSONValue.random(depth: 3, using: &random).serialized()
            for _ in 0..<Int.random(in: 1...3, using: &random) { text.mutate(using: &random) }
            guard let value = try? JSONValue(parsing: text) else { continue }
            #expect(try JSONValue(parsing: value.serialized()) == value)
        }
    }

    @Test("Noise never traps the reader")
    func noise() {
        var random = SplitMix64(seed: 6)
        let alphabet = Array("{}[]\",:\\u0129eE+-.dD8 \ntruefalsn".utf8) + [0xC3, 0xA9, 0xED, 0xA0, 0xF0, 0x9F, 0xFF]
        for _ in 0..<3_000 {
            let count = Int.random(in: 0...40, using: &random)
            _ = try? JSONValue(parsing: (0..<count).map { _ in alphabet.randomElement(using: &random)! })
        }
    }

    @Test("A text cut short is never accepted")
    func truncations() {
        let text = Array("{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\",true,false,null,{\"b\":{}}]}".utf8)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.prefix(length))) }
        }
    }
}

extension JSONValue {
    static func random(depth: Int, using random: inout SplitMix64) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: return nil
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(.integer(Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random)))
        case 3:
            let double = Double(bitPattern: random.next())
            return .number(.double(double.isFinite ? double : 0.5))
        case 4, 5: return .string(JSONString(String.random(using: &random)))
        case 6:
            let count = Int.random(in: 0..<5, using: &random)
            return .array((0..<count).map { _ in .random(depth: depth - 1, using: &random) })
        default:
            let count = Int.random(in: 0..<5, using: &random)
            return .object(
                JSONObject(
                    (0..<count).map { _ in
                        let key = JSONString(String.random(using: &random))
                        return JSONObject.Member(key: key, value: .random(depth: depth - 1, using: &random))
                    }))
        }
    }
}

extension String {
    static func random(using random: inout SplitMix64) -> String {
        let alphabet = Array("ab \"\\/\n\t\0\u{1F}é€😀\u{10FFFF}")
        return String((0..<Int.random(in: 0..<12, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
    }
}

extension [UInt8] {
    mutating func mutate(using random: inout SplitMix64) {
        guard !isEmpty else { return }
        let index = Int.random(in: indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: self[index] = UInt8.random(in: 0...255, using: &random)
        case 1: remove(at: index)
        case 2: insert(Array("{}[]\",:\\u0e-. ".utf8).randomElement(using: &random)!, at: index)
        default: removeSubrange(index...)
        }
    }
}
