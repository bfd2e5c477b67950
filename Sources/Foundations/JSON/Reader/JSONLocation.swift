/// A place in a text, for people.
public struct JSONLocation: Equatable, Sendable {
    /// Counted from 1; LF ends a line.
    public let line: Int
    /// Byte within its line, counted from 1.
    public let column: Int

    /// The place of the byte at `offset`.
    public init(offset: Int, in text: Span<UInt8>) {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, text.count) where text[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        self.line = line
        column = offset - lineStart + 1
    }
}

/// A step from a value to a part of it.
public enum JSONPathStep: Equatable, Sendable {
    case member(JSONString)
    case element(Int)
}

extension JSONLocation {
    /// Where the part of a text's value that `path` leads to stands: a member's name, an element's first byte. Of
    /// members that share a name it is the last one's. Nil when the text is not JSON, or there is no such part.
    ///
    /// For messages about a value that is well formed and still wrong: the value keeps no places, so that reading costs
    /// nothing for them. Each step scans the text once.
    public init?(of path: [JSONPathStep], in text: Span<UInt8>) {
        var offset = 0
        var place = 0
        for step in path {
            guard let part = Self.part(step, ofValueAt: offset, in: text) else { return nil }
            offset = part.value
            place = part.place
        }
        var reader = JSONReader(text)
        reader.position = place
        reader.skipWhitespace()
        self.init(offset: reader.position, in: text)
    }

    private static func part(
        _ step: JSONPathStep, ofValueAt offset: Int, in text: Span<UInt8>
    ) -> (place: Int, value: Int)? {
        var reader = JSONReader(text)
        reader.position = offset
        do throws(JSONError) {
            return switch step {
            case .member(let name): try reader.locate(name)
            case .element(let index): try reader.locate(index)
            }
        } catch {
            return nil
        }
    }
}

extension JSONReader {
    fileprivate mutating func locate(_ name: JSONString) throws(JSONError) -> (place: Int, value: Int)? {
        guard skip(UInt8(ascii: "{")) else { return nil }
        var found: (place: Int, value: Int)?
        while true {
            skipWhitespace()
            guard peek() == UInt8(ascii: "\"") else { return found }
            let place = position
            let key = try readString()
            guard skip(UInt8(ascii: ":")) else { return nil }
            if key == name { found = (place, position) }
            _ = try readValue()
            _ = skip(UInt8(ascii: ","))
        }
    }

    fileprivate mutating func locate(_ index: Int) throws(JSONError) -> (place: Int, value: Int)? {
        guard skip(UInt8(ascii: "[")) else { return nil }
        for _ in 0..<index {
            _ = try readValue()
            guard skip(UInt8(ascii: ",")) else { return nil }
        }
        skipWhitespace()
        return peek() == UInt8(ascii: "]") ? nil : (position, position)
    }
}
