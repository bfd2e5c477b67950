import ModelFormats

/// The tokens that metadata names by id, and all tokens that end a generation.
struct SpecialTokenIDs {
    let beginOfSequence: TokenID?
    let endOfSequence: TokenID?
    let unknown: TokenID?
    /// By token.
    let endsGeneration: [Bool]

    init(_ file: ModelContainer, _ vocabulary: Vocabulary, isByteLevel: Bool) throws(ModelConfigurationError) {
        func token(_ name: String, default: TokenID? = nil) throws(ModelConfigurationError) -> TokenID? {
            let key = "tokenizer.ggml." + name + "_token_id"
            guard let value = file[key] else {
                return `default`.flatMap { Int($0) < vocabulary.count ? $0 : nil }
            }
            guard let id = value.integer else { throw .wrongType(key: key, expected: "an integer") }
            guard id >= 0, id < vocabulary.count else {
                throw .invalid(key: key, reason: "token \(id) is not in the vocabulary of \(vocabulary.count)")
            }
            return TokenID(id)
        }
        // SentencePiece files need not name the tokens that every llama has.
        beginOfSequence = try token("bos", default: isByteLevel ? nil : 1)
        endOfSequence = try token("eos", default: isByteLevel ? nil : 2)
        unknown = try token("unknown", default: isByteLevel ? nil : 0)
        var endsGeneration = [Bool](repeating: false, count: vocabulary.count)
        for token in [endOfSequence, try token("eot"), try token("eom")] {
            if let token { endsGeneration[Int(token)] = true }
        }
        let texts = EndOfGenerationText.all.map { [UInt8]($0.utf8) }
        for token in 0..<TokenID(vocabulary.count) where vocabulary.kind(of: token) == .control {
            if vocabulary.withBytes(of: token, { bytes in texts.contains { bytes.isEqual(to: $0) } }) {
                endsGeneration[Int(token)] = true
            }
        }
        self.endsGeneration = endsGeneration
    }
}

extension Span<UInt8> {
    func isEqual(to other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
