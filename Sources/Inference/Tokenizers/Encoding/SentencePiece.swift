import ModelFormats

/// SentencePiece's BPE: characters are the first symbols, and pairs whose text is a token merge by that token's score.
/// What stays without a token falls back to byte tokens.
struct SentencePiece: Sendable {
    /// By token, ordered so that smaller is better.
    private let priorities: [UInt32]
    /// The token of each byte, `<0x00>` to `<0xFF>`; nil entries fall back to the unknown token.
    private let byteTokens: [TokenID?]
    /// Text at the start, and behind a special token, gets a space before it.
    let addsSpacePrefix: Bool

    init(_ file: ModelContainer, bytes: RawSpan, _ vocabulary: Vocabulary) throws(ModelConfigurationError) {
        let key = "tokenizer.ggml.scores"
        guard let value = file[key] else { throw .missing(key: key) }
        guard let scores = value.array, scores.elementType == .float32 else {
            throw .wrongType(key: key, expected: "an array of 32-bit floats")
        }
        guard scores.count == vocabulary.count else {
            throw .contradiction(key: key, reason: "\(scores.count) entries for \(vocabulary.count) tokens")
        }
        priorities = (0..<scores.count).map { Self.priority(ofScore: scores.float32(at: $0, in: bytes)) }
        addsSpacePrefix = try file.bool("tokenizer.ggml.add_space_prefix") ?? true
        byteTokens = (0...255).map { byte in
            vocabulary.token(Self.byteTokenText(UInt8(byte)).span) ?? vocabulary.token([UInt8(byte)].span)
        }
    }

    /// Maps scores to integers in reverse order: the best score has the smallest.
    private static func priority(ofScore score: Float) -> UInt32 {
        let bits = score.bitPattern
        let ascending = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
        return ~ascending
    }

    static func byteTokenText(_ byte: UInt8) -> [UInt8] {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
        return Array("<0x".utf8) + [digit(byte >> 4), digit(byte & 15), UInt8(ascii: ">")]
    }

    /// The byte that a byte token's text names; nil for any other text.
    static func byte(ofTokenText text: Span<UInt8>) -> UInt8? {
        func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard text.count == 6, text[0] == UInt8(ascii: "<"), text[1] == UInt8(ascii: "0"), text[2] == UInt8(ascii: "x"),
            text[5] == UInt8(ascii: ">"), let high = value(text[3]), let low = value(text[4])
        else { return nil }
        return high << 4 | low
    }

    /// Appends the tokens of text that holds no special tokens.
    func encode(
        _ text: Span<UInt8>, _ vocabulary: Vocabulary, unknown: TokenID?, prefixingSpace: Bool,
        windowByteCount: Int, to tokens: inout TokenList
    ) throws(TokenLimitExceeded) {
        let escaped = Self.escape(text, prefixingSpace: prefixingSpace)
        var merger = WindowedMerger(windowByteCount: windowByteCount)
        let rule = ScoreRule(text: escaped, vocabulary: vocabulary, priorities: priorities)
        try merger.merge(escaped.indices, by: rule, into: &tokens) { offset in
            let length = min(Self.characterLength(lead: escaped[offset]), escaped.count - offset)
            return MergeSymbol(start: offset, length: length, token: 0)
        } _: { (symbol, tokens) throws(TokenLimitExceeded) in
            let range = symbol.start..<(symbol.start + symbol.length)
            if let token = vocabulary.token(escaped.span.extracting(range)) {
                try tokens.append(token)
                return
            }
            for index in range {
                if let token = byteTokens[Int(escaped[index])] ?? unknown { try tokens.append(token) }
            }
        }
    }

    /// The text with `▁` (U+2581) for each space.
    private static func escape(_ text: Span<UInt8>, prefixingSpace: Bool) -> [UInt8] {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.count + text.count / 2 + 3)
        if prefixingSpace { escaped += SpaceMark.bytes }
        for index in text.indices {
            if text[index] == UInt8(ascii: " ") {
                escaped += SpaceMark.bytes
            } else {
                escaped.append(text[index])
            }
        }
        return escaped
    }

    private static func characterLength(lead: UInt8) -> Int {
        switch lead {
        case 0xc0...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xff: 4
        default: 1
        }
    }

    private struct ScoreRule: PairMergeRule {
        let text: [UInt8]
        let vocabulary: Vocabulary
        let priorities: [UInt32]

        func merge(_ left: MergeSymbol, _ right: MergeSymbol) -> PairMerge? {
            let length = left.length + right.length
            guard length <= vocabulary.tokenByteCountMax,
                let token = vocabulary.token(text.span.extracting(left.start..<(left.start + length)))
            else {
                return nil
            }
            return PairMerge(priority: priorities[Int(token)], token: token)
        }
    }
}

/// SentencePiece's stand-in for the space, U+2581.
enum SpaceMark {
    static var bytes: [UInt8] { [0xe2, 0x96, 0x81] }
}
