import ModelFormats

extension Tokenizer {
    /// The tokens of UTF-8 `text`, in memory that follows `limit` and not the text. Ill-formed bytes are encoded as
    /// bytes.
    ///
    /// - Parameters:
    ///   - addSpecial: adds the begin and end tokens that the model asks for.
    ///   - parseSpecial: control tokens written out in the text (`<|im_start|>`) become those tokens. Only for text
    ///     from a trusted template: in a user's words they are to stay words.
    ///   - limit: tokens at most. A text too long for them even if each were the longest there is counts as too long
    ///     before it is read.
    public func encode(
        _ text: Span<UInt8>, addSpecial: Bool, parseSpecial: Bool, limit: Int
    ) throws(TokenLimitExceeded) -> [TokenID] {
        guard text.count <= textByteCountMax(forTokens: limit) else { throw TokenLimitExceeded(limit: limit) }
        var tokens = TokenList(limit: limit, expectedCount: text.count / 3 + 2)
        if addSpecial, addsBeginOfSequence, let beginOfSequence { try tokens.append(beginOfSequence) }
        var start = 0
        for match in specialTokens.matches(in: text, includingControl: parseSpecial) {
            try encodePlain(text, start..<match.range.lowerBound, to: &tokens)
            try tokens.append(match.token)
            start = match.range.upperBound
        }
        try encodePlain(text, start..<text.count, to: &tokens)
        if addSpecial, addsEndOfSequence, let endOfSequence { try tokens.append(endOfSequence) }
        return tokens.tokens
    }

    /// Bytes of the longest text that `limit` tokens can stand for.
    public func textByteCountMax(forTokens limit: Int) -> Int {
        let (byteCount, overflow) = limit.multipliedReportingOverflow(by: max(vocabulary.tokenByteCountMax, 1))
        return overflow ? .max : byteCount
    }

    /// The tokens of a prompt that a chat template has written: special tokens are parsed, and the begin and end tokens
    /// that the model asks for are added where the template has not written them itself.
    public func encodePrompt(_ prompt: Span<UInt8>, limit: Int) throws(TokenLimitExceeded) -> [TokenID] {
        var tokens = try encode(prompt, addSpecial: true, parseSpecial: true, limit: limit)
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
    private func encodePlain(
        _ text: Span<UInt8>, _ range: Range<Int>, to tokens: inout TokenList
    ) throws(TokenLimitExceeded) {
        guard !range.isEmpty else { return }
        let windowByteCount = WindowedMerger.windowByteCount(vocabulary)
        switch algorithm {
        case .byteLevelBPE(let bpe):
            try bpe.encode(text.extracting(range), vocabulary, windowByteCount: windowByteCount, to: &tokens)
        case .sentencePiece(let sentencePiece):
            try sentencePiece.encode(
                text.extracting(range), vocabulary, unknown: unknown,
                prefixingSpace: sentencePiece.addsSpacePrefix, windowByteCount: windowByteCount, to: &tokens)
        }
    }
}
