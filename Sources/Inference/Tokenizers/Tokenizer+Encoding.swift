import ModelFormats

extension Tokenizer {
    /// The tokens of `text`.
    ///
    /// - Parameters:
    ///   - addSpecial: adds the begin and end tokens that the model asks for.
    ///   - parseSpecial: control tokens written out in the text (`<|im_start|>`) become those tokens. Only for text
    ///     from a trusted template: in a user's words they are to stay words.
    public func encode(_ text: String, addSpecial: Bool, parseSpecial: Bool) -> [TokenID] {
        encode([UInt8](text.utf8).span, addSpecial: addSpecial, parseSpecial: parseSpecial)
    }

    /// The tokens of UTF-8 `text`. Ill-formed bytes are encoded as bytes.
    public func encode(_ text: Span<UInt8>, addSpecial: Bool, parseSpecial: Bool) -> [TokenID] {
        var tokens: [TokenID] = []
        tokens.reserveCapacity(text.count / 3 + 2)
        if addSpecial, addsBeginOfSequence, let beginOfSequence { tokens.append(beginOfSequence) }
        var start = 0
        for match in specialTokens.matches(in: text, includingControl: parseSpecial) {
            encodePlain(text, start..<match.range.lowerBound, to: &tokens)
            tokens.append(match.token)
            start = match.range.upperBound
        }
        encodePlain(text, start..<text.count, to: &tokens)
        if addSpecial, addsEndOfSequence, let endOfSequence { tokens.append(endOfSequence) }
        return tokens
    }

    /// The tokens of a prompt that a chat template has written: special tokens are parsed, and the begin and end tokens
    /// that the model asks for are added where the template has not written them itself.
    public func encodePrompt(_ prompt: Span<UInt8>) -> [TokenID] {
        var tokens = encode(prompt, addSpecial: true, parseSpecial: true)
        if addsBeginOfSequence, tokens.count >= 2, tokens[0] == beginOfSequence, tokens[1] == beginOfSequence {
            tokens.removeFirst()
        }
        if addsEndOfSequence, tokens.count >= 2, tokens.suffix(2).allSatisfy({ $0 == endOfSequence }) {
            tokens.removeLast()
        }
        return tokens
    }

    /// Appends the tokens of text between special tokens. It is always at the start or behind a special token, which is
    /// where SentencePiece wants its space.
    private func encodePlain(_ text: Span<UInt8>, _ range: Range<Int>, to tokens: inout [TokenID]) {
        guard !range.isEmpty else { return }
        switch algorithm {
        case .byteLevelBPE(let bpe):
            bpe.encode(text.extracting(range), vocabulary, to: &tokens)
        case .sentencePiece(let sentencePiece):
            sentencePiece.encode(
                text.extracting(range), vocabulary, unknown: unknown,
                prefixingSpace: sentencePiece.addsSpacePrefix, to: &tokens)
        }
    }
}
