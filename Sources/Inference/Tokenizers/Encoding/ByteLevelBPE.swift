import ModelFormats

/// Byte-level byte-pair encoding (GPT-2 and its heirs): bytes are the first symbols, merges go by rank.
struct ByteLevelBPE: Sendable {
    let preTokenizer: PreTokenizer
    let merges: MergeTable
    /// The token of each byte; `noToken` where the vocabulary lacks one.
    private let byteTokens: [TokenID]
    /// A piece that is a token as a whole stays whole, whatever the merges would make of it (Llama 3).
    private let ignoresMerges: Bool

    private static let noToken: TokenID = -1

    /// - Parameter readyMerges: the merges, where they need not be read from the metadata.
    init(
        _ file: ModelContainer, bytes: RawSpan, _ vocabulary: Vocabulary, readyMerges: MergeTable?
    ) throws(ModelConfigurationError) {
        let preKey = "tokenizer.ggml.pre"
        let name = try file.string(preKey)
        guard let preTokenizer = PreTokenizer(name: name) else {
            throw .unsupported(key: preKey, what: "pre-tokenizer '" + name + "'")
        }
        self.preTokenizer = preTokenizer
        ignoresMerges = preTokenizer == .llama3
        byteTokens = (0...255).map { byte in vocabulary.token([UInt8(byte)].span) ?? Self.noToken }
        if let readyMerges {
            merges = readyMerges
        } else {
            merges = try Self.merges(file, bytes: bytes, vocabulary)
        }
    }

    private static func merges(
        _ file: ModelContainer, bytes: RawSpan, _ vocabulary: Vocabulary
    ) throws(ModelConfigurationError) -> MergeTable {
        let key = "tokenizer.ggml.merges"
        let array = try file.stringArray(key)
        guard array.count <= ModelLimits.vocabularySizeMax else {
            throw .invalid(key: key, reason: "\(array.count) merges (at most \(ModelLimits.vocabularySizeMax))")
        }
        var table = MergeTable(capacity: array.count, tokenCount: vocabulary.count)
        var text: [UInt8] = []
        try array.forEachString(in: bytes) { (rank, range) throws(ModelConfigurationError) in
            // "LEFT RIGHT"; a first byte that is a space belongs to LEFT.
            var separator = range.lowerBound + 1
            while separator < range.upperBound, HeaderCursor.load(bytes, at: separator) != UInt8(ascii: " ") {
                separator += 1
            }
            guard separator < range.upperBound else {
                throw .invalid(key: key, reason: "merge \(rank) is not a pair")
            }
            text.removeAll(keepingCapacity: true)
            ByteLevelAlphabet.appendDecoded(range.lowerBound..<separator, of: bytes, to: &text)
            let leftCount = text.count
            ByteLevelAlphabet.appendDecoded((separator + 1)..<range.upperBound, of: bytes, to: &text)
            // A merge of or into something that is no token can never take part in an encoding.
            guard let left = vocabulary.token(text.span.extracting(0..<leftCount)),
                let right = vocabulary.token(text.span.extracting(leftCount..<text.count)),
                let merged = vocabulary.token(text.span)
            else { return }
            guard table.insert(left, right, rank: UInt32(rank), token: merged) else {
                throw .invalid(key: key, reason: "too many pairs with one hash; the file looks hostile")
            }
        }
        return table
    }

    /// Appends the tokens of text that holds no special tokens.
    ///
    /// Some vocabularies lack tokens for bytes that their training text never had (SmolLM2: 0x04, 0xf8 and others).
    /// Such bytes are left out, as llama.cpp does; the "unknown" token of such models is a control token, which a
    /// user's words must not be able to make.
    func encode(
        _ text: Span<UInt8>, _ vocabulary: Vocabulary, windowByteCount: Int, to tokens: inout TokenList
    ) throws(TokenLimitExceeded) {
        var merger = WindowedMerger(windowByteCount: windowByteCount)
        try preTokenizer.forEachPiece(of: text) { (piece) throws(TokenLimitExceeded) in
            if ignoresMerges, piece.count <= vocabulary.tokenByteCountMax,
                let token = vocabulary.token(text.extracting(piece))
            {
                try tokens.append(token)
                return
            }
            try merger.merge(piece, by: RankRule(merges: merges), into: &tokens) { offset in
                MergeSymbol(start: offset, length: 1, token: byteTokens[Int(text[offset])])
            } _: { (symbol, tokens) throws(TokenLimitExceeded) in
                if symbol.token != Self.noToken { try tokens.append(symbol.token) }
            }
        }
    }

    private struct RankRule: PairMergeRule {
        let merges: MergeTable

        func merge(_ left: MergeSymbol, _ right: MergeSymbol) -> PairMerge? {
            merges.find(left.token, right.token)
        }
    }
}
