import JSON
import Law
import ModelFormats
import Tokenizers

/// Text to tokens and back, in the shapes of llama-server. Both are kernel functions: they spend a permit to read the
/// tokenizer.
struct TokenizerRoutes {
    let tokenizer: Tokenizer
    /// Of the model, in tokens.
    let contextLength: Int

    /// `{content, add_special, parse_special, with_pieces}` to `{"tokens": [1, 2]}`, or with pieces to
    /// `{"tokens": [{"id": 1, "piece": "a"}]}`, where the piece is an array of bytes when it is not UTF-8.
    func tokenize(
        _ request: RequestObject, _ permit: consuming Permit<Read, TokenizerTarget>
    ) throws(APIError) -> [UInt8] {
        let text = try Self.text(request)
        let addSpecial = try request.flag("add_special") ?? false
        let parseSpecial = try request.flag("parse_special") ?? true
        let tokens: [TokenID]
        do throws(TokenLimitExceeded) {
            tokens = try tokenizer.encode(
                text.span, addSpecial: addSpecial, parseSpecial: parseSpecial,
                limit: max(Limits.tokenizedTokens, contextLength))
        } catch {
            throw .invalid("content", "The text has more than the \(error.limit) tokens that a request may ask for.")
        }
        let withPieces = try request.flag("with_pieces") ?? false
        var json = JSONWriter()
        json.beginObject()
        json.key("tokens")
        json.beginArray()
        for token in tokens {
            if withPieces {
                json.beginObject()
                json.member("id", Int(token))
                json.key("piece")
                writePiece(token, to: &json)
                json.endObject()
            } else {
                json.value(Int(token))
            }
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    /// The text under whichever name the client's habit gives it.
    private static func text(_ request: RequestObject) throws(APIError) -> [UInt8] {
        for name in ["content", "text", "prompt", "input"] {
            if let text = try request.text(name) { return text }
        }
        throw request.missing("content")
    }

    private func writePiece(_ token: TokenID, to json: inout JSONWriter) {
        var bytes: [UInt8] = []
        tokenizer.appendBytes(of: token, renderSpecial: true, to: &bytes)
        if JSONString(validating: bytes) != nil {
            json.value(utf8: bytes.span)
            return
        }
        json.beginArray()
        for byte in bytes { json.value(Int(byte)) }
        json.endArray()
    }

    /// `{tokens: [1, 2]}` to `{"content": "..."}`; bytes that are no UTF-8 become U+FFFD.
    func detokenize(
        _ request: RequestObject, _ permit: consuming Permit<Read, TokenizerTarget>
    ) throws(APIError) -> [UInt8] {
        guard let values = try request.array("tokens") else { throw request.missing("tokens") }
        var tokens: [TokenID] = []
        tokens.reserveCapacity(values.count)
        for value in values {
            guard let token = value.intValue else { throw request.wrongType("tokens", "an array of integers") }
            guard (0..<tokenizer.vocabularySize).contains(token) else {
                throw .invalid("tokens", "Token \(token) is not in the model's vocabulary.")
            }
            tokens.append(TokenID(token))
        }
        let bytes = tokenizer.decode(tokens, renderSpecial: true)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var assembler = UTF8StreamAssembler()
        assembler.append(bytes.span, to: &text)
        assembler.finish(to: &text)
        var json = JSONWriter()
        json.beginObject()
        json.member("content", utf8: text.span)
        json.endObject()
        return json.bytes
    }
}
