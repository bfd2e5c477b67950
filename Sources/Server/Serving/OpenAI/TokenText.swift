import Engine
import ModelFormats
import Tokenizers

/// How a token is written in log-probabilities: its text, or `bytes:\xE2\x80` when it is only a part of a character
/// (as OpenAI's API does), so that different tokens have different names.
struct TokenText {
    /// The bytes that the token stands for; those of a control token's name.
    private(set) var bytes: [UInt8] = []
    /// UTF-8.
    private(set) var name: [UInt8] = []

    /// Takes on another token; the buffers stay.
    mutating func set(_ token: TokenID, _ tokenizer: Tokenizer) {
        bytes.removeAll(keepingCapacity: true)
        name.removeAll(keepingCapacity: true)
        tokenizer.appendBytes(of: token, renderSpecial: true, to: &bytes)
        if isWholeCharacters {
            name.append(contentsOf: bytes)
            return
        }
        name.append(contentsOf: "bytes:".utf8)
        for byte in bytes {
            name.append(contentsOf: "\\x".utf8)
            name.append(hexDigit(byte >> 4))
            name.append(hexDigit(byte & 15))
        }
    }

    private var isWholeCharacters: Bool {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 3)
        var assembler = UTF8StreamAssembler()
        assembler.append(bytes.span, to: &text)
        assembler.finish(to: &text)
        return text == bytes
    }

    /// Characters that begin in the token: what it moves `text_offset` on by.
    var characterCount: Int {
        var count = 0
        for byte in bytes where byte & 0xC0 != 0x80 { count += 1 }
        return count
    }

    private func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension ScoredToken {
    /// A log-probability as JSON can have it: OpenAI writes -9999 for what is as good as impossible. Rounded to a
    /// millionth, which is beyond what the model's arithmetic is exact to.
    static func published(_ logProbability: Float) -> Double {
        guard logProbability > -9_999 else { return -9_999 }
        return Double(Int64(Double(min(logProbability, 0)) * 1e6 - 0.5)) / 1e6
    }
}
