import ModelFormats

/// Cuts text into the pieces within which byte-level BPE merges, as the regular expression of a tokenizer family does.
///
/// The expressions are those of Hugging Face's `tokenizer.json` files; llama.cpp names them in `tokenizer.ggml.pre`.
public enum PreTokenizer: Sendable {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    case gpt2
    /// Every `\p{N}` is cut out first; GPT-2's expression cuts what lies between.
    case smollm
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|`
    /// `\s+(?!\S)|\s+`
    case llama3
    /// `llama3` with `\p{N}` in place of `\p{N}{1,3}`.
    case qwen2

    /// The pre-tokeniser that a GGUF file calls `name`, if it is one of these.
    public init?(name: String) {
        switch name {
        case "gpt-2", "phi-2", "mpt", "olmo", "jais", "roberta-bpe", "gigachat": self = .gpt2
        case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b": self = .smollm
        case "llama-bpe", "llama3", "llama-v3", "falcon3", "dbrx", "smaug-bpe": self = .llama3
        case "qwen2", "stablelm2", "megrez", "deepseek-r1-qwen": self = .qwen2
        default: return nil
        }
    }

    /// Calls `body` with the byte range of each piece, in order. The pieces are not empty and cover the text; the time
    /// is linear in its length.
    func forEachPiece<Failure: Error>(
        of text: Span<UInt8>, _ body: (Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
        let reader = CharacterReader(text)
        var start = 0
        while start < text.count {
            let end =
                switch self {
                case .gpt2: reader.endOfGPT2Piece(from: start, cutsNumbers: false)
                case .smollm: reader.endOfGPT2Piece(from: start, cutsNumbers: true)
                case .llama3: reader.endOfLlama3Piece(from: start, digitsMax: 3)
                case .qwen2: reader.endOfLlama3Piece(from: start, digitsMax: 1)
                }
            try body(start..<end)
            start = end
        }
    }
}

extension CharacterReader {
    /// - Parameter cutsNumbers: each number character is a piece, and the text ends before it.
    fileprivate func endOfGPT2Piece(from start: Int, cutsNumbers: Bool) -> Int {
        if let end = endOfContraction(from: start, ignoringCase: false) { return end }
        let wordStart = text[start] == 0x20 ? start + 1 : start
        switch kind(at: wordStart) {
        case .letter: return endOfRun(of: .letter, from: wordStart)
        case .other: return endOfRun(of: .other, from: wordStart)
        case .number where !cutsNumbers: return endOfRun(of: .number, from: wordStart)
        case .number where wordStart == start: return start + (character(at: start)?.length ?? 1)
        case .number, .space, .lineBreak, nil: break
        }
        let whitespace = whitespaceRun(from: start)
        let endsText = kind(at: whitespace.end).map { cutsNumbers && $0 == .number } ?? true
        return endsText ? whitespace.end : whitespace.endBeforeWord(from: start)
    }

    fileprivate func endOfLlama3Piece(from start: Int, digitsMax: Int) -> Int {
        if let end = endOfContraction(from: start, ignoringCase: true) { return end }
        guard let first = character(at: start) else { return text.count }
        switch first.kind {
        case .letter:
            return endOfRun(of: .letter, from: start)
        case .number:
            var end = start
            for _ in 0..<digitsMax {
                guard let next = character(at: end), next.kind == .number else { break }
                end += next.length
            }
            return end
        case .space, .other:
            // One character that is neither line break nor number may lead a word.
            let wordEnd = endOfRun(of: .letter, from: start + first.length)
            if wordEnd > start + first.length { return wordEnd }
        case .lineBreak:
            break
        }
        let symbolStart = text[start] == 0x20 ? start + 1 : start
        if kind(at: symbolStart) == .other {
            return endOfRun(of: .lineBreak, from: endOfRun(of: .other, from: symbolStart))
        }
        let whitespace = whitespaceRun(from: start)
        if let end = whitespace.endOfLastLineBreak { return end }
        return whitespace.end == text.count ? whitespace.end : whitespace.endBeforeWord(from: start)
    }

    /// `'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll`.
    private func endOfContraction(from start: Int, ignoringCase: Bool) -> Int? {
        guard text[start] == 0x27, start + 1 < text.count else { return nil }
        let lowercase: UInt8 = ignoringCase ? 0x20 : 0
        let first = text[start + 1] | lowercase
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            guard start + 2 < text.count else { return nil }
            let second = text[start + 2] | lowercase
            return second == (first == UInt8(ascii: "l") ? first : UInt8(ascii: "e")) ? start + 3 : nil
        default:
            return nil
        }
    }

    private struct WhitespaceRun {
        var end: Int
        var lastCharacterStart: Int
        var endOfLastLineBreak: Int?

        /// `\s+(?!\S)|\s+` before a word: the last character of several is left to the word.
        func endBeforeWord(from start: Int) -> Int { lastCharacterStart > start ? lastCharacterStart : end }
    }

    private func whitespaceRun(from start: Int) -> WhitespaceRun {
        var run = WhitespaceRun(end: start, lastCharacterStart: start)
        while let next = character(at: run.end), next.kind.isWhitespace {
            run.lastCharacterStart = run.end
            run.end += next.length
            if next.kind == .lineBreak { run.endOfLastLineBreak = run.end }
        }
        return run
    }
}
