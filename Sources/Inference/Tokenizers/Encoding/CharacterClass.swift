import Bytes

/// The classes that pre-tokenisers tell apart.
enum CharacterClass {
    /// `\p{L}`
    case letter
    /// `\p{N}`
    case number
    /// Carriage return or line feed.
    case lineBreak
    /// `\s` besides line breaks.
    case space
    /// `[^\s\p{L}\p{N}]`
    case other

    var isWhitespace: Bool { self == .space || self == .lineBreak }
}

/// Reads UTF-8 text character by character. A byte that begins no well-formed character is one of class `other`.
struct CharacterReader: ~Escapable {
    let text: Span<UInt8>

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) { self.text = text }

    /// The class and the length in bytes of the character at `offset`; nil at the end.
    func character(at offset: Int) -> (kind: CharacterClass, length: Int)? {
        guard offset < text.count else { return nil }
        let lead = text[offset]
        if lead < 0x80 { return (Self.asciiClass(lead), 1) }
        guard let (scalar, length) = text.scalar(at: offset) else { return (.other, 1) }
        return (Self.characterClass(of: scalar), length)
    }

    func kind(at offset: Int) -> CharacterClass? { character(at: offset)?.kind }

    /// Where the run of characters of class `kind` that starts at `offset` ends.
    func endOfRun(of kind: CharacterClass, from offset: Int) -> Int {
        var end = offset
        while let next = character(at: end), next.kind == kind { end += next.length }
        return end
    }

    private static func asciiClass(_ byte: UInt8) -> CharacterClass {
        switch byte {
        case 0x41...0x5a, 0x61...0x7a: .letter
        case 0x30...0x39: .number
        case 0x0a, 0x0d: .lineBreak
        case 0x09, 0x0b, 0x0c, 0x20: .space
        default: .other
        }
    }

    private static func characterClass(of scalar: Unicode.Scalar) -> CharacterClass {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
        case .decimalNumber, .letterNumber, .otherNumber: .number
        default: scalar.properties.isWhitespace ? .space : .other
        }
    }
}
