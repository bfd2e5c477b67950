/// What a vocabulary entry is for; raw values are those of `tokenizer.ggml.token_type`.
public enum TokenKind: UInt8, Sendable {
    case normal = 1
    case unknown = 2
    /// Steers the model and is no text: never made from text unless special tokens are parsed.
    case control = 3
    /// Text that is always one token.
    case userDefined = 4
    case unused = 5
    /// A SentencePiece byte token such as `<0x0A>`.
    case byte = 6
}
