/// Writes JSON text into a byte buffer, value by value.
///
/// The writer places commas, quotes and (in the pretty style) line breaks; the caller keeps the grammar: a key before
/// each member's value, and an end for every begin. Nothing is allocated but the buffer's growth, so one writer with a
/// reused buffer serves a stream of small texts:
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.member("index", 0)
///     writer.key("delta"); writer.value(utf8: token.span)
///     writer.endObject()
///     send(writer.bytes); writer.removeAll()
public struct JSONWriter {
    public enum Style: Sendable {
        /// No white space.
        case compact
        /// A line for each element and member, two spaces of indent a level.
        case pretty
    }

    /// The text so far.
    public private(set) var bytes: [UInt8]

    public let style: Style

    /// The next value or key follows a sibling.
    private var needsComma = false
    /// The next value follows its key on the same line.
    private var followsKey = false
    private var depth = 0

    /// A writer that appends to `bytes`, by default to nothing.
    public init(style: Style = .compact, appendingTo bytes: consuming [UInt8] = []) {
        self.style = style
        self.bytes = bytes
    }

    /// Starts anew with an empty buffer that keeps its capacity.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
        followsKey = false
        depth = 0
    }

    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes a member's name; its value comes next.
    public mutating func key(_ name: String) {
        key(utf8: name.utf8.span)
    }

    /// Writes a member's name given as UTF-8.
    public mutating func key(utf8 name: Span<UInt8>) {
        separate()
        bytes.append(quoting: name)
        bytes.append(UInt8(ascii: ":"))
        if style == .pretty { bytes.append(UInt8(ascii: " ")) }
        followsKey = true
    }

    /// Makes one value of what `write` appends.
    mutating func scalar(_ write: (inout [UInt8]) -> Void) {
        separate()
        write(&bytes)
        needsComma = true
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        depth += 1
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        depth -= 1
        if needsComma { breakLine() }
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if followsKey {
            followsKey = false
            return
        }
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
        if depth > 0 { breakLine() }
    }

    private mutating func breakLine() {
        guard style == .pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(2 * depth, 0)))
    }
}
