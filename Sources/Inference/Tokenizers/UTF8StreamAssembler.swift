/// Turns a stream of token bytes into a stream of whole characters: an incomplete character at the end is held back
/// until the rest of it comes, and bytes that can never be one become U+FFFD.
public struct UTF8StreamAssembler: Sendable {
    /// The first bytes of a character that is not complete: at most three.
    private var pending: [UInt8] = []

    public init() {}

    /// Whether the stream so far ends inside a character.
    public var isInsideCharacter: Bool { !pending.isEmpty }

    /// Appends to `text` all characters that are complete once `bytes` have come. `text` stays well-formed UTF-8.
    public mutating func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        for index in bytes.indices { append(bytes[index], to: &text) }
    }

    public mutating func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        append(bytes.span, to: &text)
    }

    /// The stream is over: an incomplete character becomes U+FFFD.
    public mutating func finish(to text: inout [UInt8]) {
        if !pending.isEmpty { text += Self.replacement }
        pending.removeAll(keepingCapacity: true)
    }

    private static var replacement: [UInt8] { [0xef, 0xbf, 0xbd] }

    private mutating func append(_ byte: UInt8, to text: inout [UInt8]) {
        if let lead = pending.first {
            if Self.isTrail(byte, at: pending.count, lead: lead) {
                pending.append(byte)
                guard pending.count == Self.length(lead: lead) else { return }
                text += pending
                pending.removeAll(keepingCapacity: true)
                return
            }
            // The maximal well-formed prefix becomes one U+FFFD (Unicode 3.9, "substitution of maximal subparts").
            text += Self.replacement
            pending.removeAll(keepingCapacity: true)
        }
        switch Self.length(lead: byte) {
        case 1: text.append(byte)
        case 0: text += Self.replacement
        default: pending.append(byte)
        }
    }

    /// Bytes of the character that `lead` begins; 0 if none can begin so.
    private static func length(lead: UInt8) -> Int {
        switch lead {
        case 0x00...0x7f: 1
        case 0xc2...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf4: 4
        default: 0
        }
    }

    /// Whether `byte` may stand at `position` (1...3) of a character (Unicode table 3-7).
    private static func isTrail(_ byte: UInt8, at position: Int, lead: UInt8) -> Bool {
        guard position == 1 else { return byte & 0xc0 == 0x80 }
        return switch lead {
        case 0xe0: (0xa0...0xbf).contains(byte)
        case 0xed: (0x80...0x9f).contains(byte)
        case 0xf0: (0x90...0xbf).contains(byte)
        case 0xf4: (0x80...0x8f).contains(byte)
        default: (0x80...0xbf).contains(byte)
        }
    }
}
