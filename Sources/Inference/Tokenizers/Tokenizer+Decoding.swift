import ModelFormats

extension Tokenizer {
    /// Appends the bytes that `token` stands for. They need not be whole characters: see `UTF8StreamAssembler`.
    ///
    /// Tokens outside of the vocabulary stand for nothing, and so do control tokens unless `renderSpecial`.
    public func appendBytes(of token: TokenID, renderSpecial: Bool, to bytes: inout [UInt8]) {
        guard let kind = vocabulary.kind(of: token) else { return }
        vocabulary.withBytes(of: token) { text in
            switch kind {
            case .control, .unknown:
                if renderSpecial { bytes.append(text) }
            case .userDefined:
                bytes.append(text)
            case .unused:
                break
            case .byte:
                if let byte = SentencePiece.byte(ofTokenText: text) { bytes.append(byte) }
            case .normal:
                if case .sentencePiece = algorithm {
                    bytes.appendUnescapingSpaces(text)
                } else {
                    bytes.append(text)
                }
            }
        }
    }

    /// The bytes of all `tokens`. The space that SentencePiece puts before a text is taken off again.
    public func decode(_ tokens: some Sequence<TokenID>, renderSpecial: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        var isFirstText = true
        for token in tokens {
            let start = bytes.count
            appendBytes(of: token, renderSpecial: renderSpecial, to: &bytes)
            guard isFirstText, kind(of: token) != .control else { continue }
            isFirstText = false
            if case .sentencePiece(let sentencePiece) = algorithm, sentencePiece.addsSpacePrefix,
                start < bytes.count, bytes[start] == UInt8(ascii: " ")
            {
                bytes.remove(at: start)
            }
        }
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ span: Span<UInt8>) {
        for index in span.indices { append(span[index]) }
    }

    /// Appends SentencePiece text with `▁` turned back into spaces.
    fileprivate mutating func appendUnescapingSpaces(_ text: Span<UInt8>) {
        var index = 0
        while index < text.count {
            if index + 2 < text.count, text[index] == 0xe2, text[index + 1] == 0x96, text[index + 2] == 0x81 {
                append(UInt8(ascii: " "))
                index += 3
            } else {
                append(text[index])
                index += 1
            }
        }
    }
}
