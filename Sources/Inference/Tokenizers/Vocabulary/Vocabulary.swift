import ModelFormats

/// A model's tokens: the bytes and the kind of each, and look-up by bytes.
///
/// Byte-level vocabularies are kept decoded: a token's bytes are the text it stands for. SentencePiece tokens are kept
/// as they stand in the file, with `▁` for the space, since merging looks them up that way.
struct Vocabulary: Sendable {
    typealias Encoding = TokenizerTables.Encoding

    let table: ByteStringTable
    /// Raw values of `TokenKind`, by token.
    let kinds: PlainRow<UInt8>
    /// Bytes of the longest token.
    let tokenByteCountMax: Int

    init(table: ByteStringTable, kinds: PlainRow<UInt8>, tokenByteCountMax: Int) {
        self.table = table
        self.kinds = kinds
        self.tokenByteCountMax = tokenByteCountMax
    }

    var count: Int { table.count }

    /// A token made of these bytes, found among those that text may become: neither control nor unknown tokens.
    func token(_ bytes: Span<UInt8>) -> TokenID? {
        table.find(bytes).map { TokenID($0) }
    }

    /// The bytes of a valid token.
    func withBytes<Result>(of token: TokenID, _ body: (Span<UInt8>) -> Result) -> Result {
        body(table.bytes.span.extracting(table.range(at: Int(token))))
    }

    func kind(of token: TokenID) -> TokenKind? {
        let kinds = kinds.span
        return kinds.indices.contains(Int(token)) ? TokenKind(rawValue: kinds[Int(token)]) : nil
    }
}

extension Vocabulary {
    init(_ file: ModelContainer, bytes: RawSpan, encoding: Encoding) throws(ModelConfigurationError) {
        let key = "tokenizer.ggml.tokens"
        let tokens = try file.stringArray(key)
        guard tokens.count > 0, tokens.count <= ModelLimits.vocabularySizeMax,
            tokens.content.count <= Int(Int32.max)
        else {
            throw .invalid(
                key: key,
                reason: "\(tokens.count) tokens (1...\(ModelLimits.vocabularySizeMax) are allowed)")
        }
        var kinds = try Self.kinds(file, bytes: bytes, count: tokens.count)
        var table = ByteStringTable(capacity: tokens.count, byteCapacity: tokens.content.count - 8 * tokens.count)
        var tokenByteCountMax = 0
        try tokens.forEachString(in: bytes) { (index, range) throws(ModelConfigurationError) in
            if Self.isControlText(range, bytes) { kinds[index] = .control }
            let kind = kinds[index]
            let insertion = table.append { out in
                if encoding == .byteLevel, kind == .normal {
                    return ByteLevelAlphabet.appendDecoded(range, of: bytes, to: &out)
                }
                for offset in range { out.append(HeaderCursor.load(bytes, at: offset)) }
                switch kind {
                case .normal, .unused, .byte: return true
                case .control, .unknown: return false
                // Always matched before the rest is encoded. Written in plain text it could pass for a decoded entry.
                case .userDefined: return encoding == .sentencePiece
                }
            }
            if insertion == .tooManyCollisions {
                throw .invalid(key: key, reason: "too many tokens with one hash; the file looks hostile")
            }
            tokenByteCountMax = max(tokenByteCountMax, table.range(at: index).count)
        }
        self.init(table: table, kinds: PlainRow(kinds.map { $0.rawValue }), tokenByteCountMax: tokenByteCountMax)
    }

    private static func kinds(
        _ file: ModelContainer, bytes: RawSpan, count: Int
    ) throws(ModelConfigurationError) -> [TokenKind] {
        let key = "tokenizer.ggml.token_type"
        var kinds = [TokenKind](repeating: .normal, count: count)
        guard let value = file[key] else { return kinds }
        guard let types = value.array else { throw .wrongType(key: key, expected: "an array of integers") }
        guard types.count == count else {
            throw .contradiction(key: key, reason: "\(types.count) entries for \(count) tokens")
        }
        for index in 0..<count {
            guard let type = types.integer(at: index, in: bytes) else {
                throw .wrongType(key: key, expected: "an array of integers")
            }
            // Other numbers stand for attributes unknown here: such entries are never made from text.
            kinds[index] = UInt8(exactly: type).flatMap { TokenKind(rawValue: $0) } ?? .unused
        }
        return kinds
    }

    /// Some files mark the tokens that end a turn as plain text, by mistake.
    private static func isControlText(_ range: Range<Int>, _ bytes: RawSpan) -> Bool {
        guard range.count >= 5, HeaderCursor.load(bytes, at: range.lowerBound) == UInt8(ascii: "<")
        else { return false }
        return EndOfGenerationText.all.contains { text in
            guard text.utf8.count == range.count else { return false }
            var offset = range.lowerBound
            for byte in text.utf8 {
                if HeaderCursor.load(bytes, at: offset) != byte { return false }
                offset += 1
            }
            return true
        }
    }
}
