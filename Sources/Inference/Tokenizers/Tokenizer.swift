import ModelFormats

/// A model's tokenizer: text to tokens and back. Its tables are built from a file's metadata, or are those that an HXM
/// file holds ready. Encoding n bytes takes O(n log n) time whatever the text, and stops at a limit.
public struct Tokenizer: Sendable {
    let vocabulary: Vocabulary
    let algorithm: Algorithm
    let specialTokens: SpecialTokenMatcher
    /// By token: whether it ends a generation.
    private let endsGeneration: [Bool]

    /// The token that begins every sequence, where the model has one.
    public let beginOfSequence: TokenID?
    /// The token that ends a document; one of the end-of-generation tokens.
    public let endOfSequence: TokenID?
    public let unknown: TokenID?
    /// `encode` with `addSpecial` puts `beginOfSequence` before the text.
    public let addsBeginOfSequence: Bool
    /// `encode` with `addSpecial` puts `endOfSequence` behind the text.
    public let addsEndOfSequence: Bool

    enum Algorithm: Sendable {
        case byteLevelBPE(ByteLevelBPE)
        case sentencePiece(SentencePiece)
    }

    /// Builds the tokenizer of a file, with a copy of the vocabulary of its own (a few MiB for fifty thousand tokens),
    /// so that the file's bytes may go away.
    ///
    /// - Parameter bytes: the bytes that `file` was parsed from, at least up to the header's end.
    public init(_ file: ModelContainer, bytes: RawSpan) throws(ModelConfigurationError) {
        try self.init(file, bytes: bytes, readyTables: nil)
    }

    /// The tokenizer of a file that stays where it is as long as the tokenizer is used. Tables that the file holds are
    /// used where they lie; otherwise they are built.
    ///
    /// - Parameter bytes: the whole file, at an address that is a multiple of 8.
    public init(_ file: ModelContainer, mapped bytes: UnsafeRawBufferPointer) throws(ModelConfigurationError) {
        let content: TokenizerTables.Content?
        do throws(ContainerError) {
            content = try file.tokenizerTables?.content(in: bytes)
        } catch {
            throw .tokenizerTables(error)
        }
        try self.init(file, bytes: bytes.bytes, readyTables: content)
    }

    /// - Parameter readyTables: the look-up tables, where they need not be built.
    init(
        _ file: ModelContainer, bytes: RawSpan, readyTables: TokenizerTables.Content?
    ) throws(ModelConfigurationError) {
        let model = try file.string("tokenizer.ggml.model")
        let isByteLevel: Bool
        switch model {
        case "gpt2": isByteLevel = true
        case "llama": isByteLevel = false
        default: throw .unsupported(key: "tokenizer.ggml.model", what: "tokenizer '" + model + "'")
        }
        let vocabulary: Vocabulary
        if let readyTables {
            try readyTables.check(against: file, isByteLevel: isByteLevel)
            vocabulary = readyTables.vocabulary
        } else {
            vocabulary = try Vocabulary(file, bytes: bytes, encoding: isByteLevel ? .byteLevel : .sentencePiece)
        }
        let special = try SpecialTokenIDs(file, vocabulary, isByteLevel: isByteLevel)
        let addsBeginByDefault: Bool
        if isByteLevel {
            let bpe = try ByteLevelBPE(file, bytes: bytes, vocabulary, readyMerges: readyTables?.merges)
            addsBeginByDefault = bpe.preTokenizer.addsBeginOfSequenceByDefault
            algorithm = .byteLevelBPE(bpe)
        } else {
            addsBeginByDefault = true
            algorithm = .sentencePiece(try SentencePiece(file, bytes: bytes, vocabulary))
        }
        self.vocabulary = vocabulary
        specialTokens = vocabulary.specialTokenMatcher()
        beginOfSequence = special.beginOfSequence
        endOfSequence = special.endOfSequence
        unknown = special.unknown
        addsBeginOfSequence = try file.bool("tokenizer.ggml.add_bos_token") ?? addsBeginByDefault
        addsEndOfSequence = try file.bool("tokenizer.ggml.add_eos_token") ?? false
        endsGeneration = special.endsGeneration
    }

    /// Tokens of the vocabulary; a model's logits may have more rows, which stand for nothing.
    public var vocabularySize: Int { vocabulary.count }

    /// Whether a model that yields `token` has finished its answer.
    public func isEndOfGeneration(_ token: TokenID) -> Bool {
        endsGeneration.indices.contains(Int(token)) && endsGeneration[Int(token)]
    }

    /// What `token` is for; nil for one outside of the vocabulary.
    public func kind(of token: TokenID) -> TokenKind? {
        vocabulary.kind(of: token)
    }
}

extension TokenizerTables.Content {
    /// The tables are of the tokenizer that the metadata describes.
    fileprivate func check(against file: ModelContainer, isByteLevel: Bool) throws(ModelConfigurationError) {
        guard isByteLevel == (merges != nil) else {
            throw .contradiction(key: "tokenizer.ggml.model", reason: "the tokenizer tables are of another kind")
        }
        let key = "tokenizer.ggml.tokens"
        let tokenCount = try file.stringArray(key).count
        guard tokenCount == vocabulary.count else {
            throw .contradiction(
                key: key, reason: "\(tokenCount) tokens, \(vocabulary.count) in the tokenizer tables")
        }
    }
}

extension PreTokenizer {
    /// Llama 3's models expect `<|begin_of_text|>` even where the file does not say so (as llama.cpp has it).
    fileprivate var addsBeginOfSequenceByDefault: Bool { self == .llama3 }
}

extension Vocabulary {
    fileprivate func specialTokenMatcher() -> SpecialTokenMatcher {
        var entries: [SpecialTokenMatcher.Entry] = []
        for token in 0..<TokenID(count) {
            guard let kind = kind(of: token), kind == .control || kind == .userDefined || kind == .unknown else {
                continue
            }
            let text = withBytes(of: token) { bytes in bytes.indices.map { bytes[$0] } }
            entries.append(SpecialTokenMatcher.Entry(text: text, token: token, isControl: kind != .userDefined))
        }
        return SpecialTokenMatcher(entries)
    }
}
