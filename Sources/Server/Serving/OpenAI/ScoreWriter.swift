import Engine
import Transformer
import JSON
import ModelFormats
import Tokenizers

/// Writes log-probabilities in the two forms that OpenAI's API has.
struct ScoreWriter {
    private let tokenizer: Tokenizer
    private var text = TokenText()

    init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
    }

    /// The form of chat completions: `{"content": [{token, logprob, bytes, top_logprobs}], "refusal": null}`.
    mutating func writeChat(_ tokens: [ScoredToken], to json: inout JSONWriter) {
        json.beginObject()
        json.key("content")
        json.beginArray()
        for token in tokens {
            json.beginObject()
            writeEntry(token.token, token.logProbability ?? 0, to: &json)
            json.key("top_logprobs")
            json.beginArray()
            for alternative in token.alternatives {
                json.beginObject()
                writeEntry(alternative.token, alternative.logProbability, to: &json)
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.key("refusal")
        json.null()
        json.endObject()
    }

    private mutating func writeEntry(_ token: TokenID, _ logProbability: Float, to json: inout JSONWriter) {
        text.set(token, tokenizer)
        json.member("token", utf8: text.name.span)
        json.member("logprob", ScoredToken.published(logProbability))
        json.key("bytes")
        json.beginArray()
        for byte in text.bytes { json.value(Int(byte)) }
        json.endArray()
    }

    /// The form of text completions: four parallel arrays.
    ///
    /// - Parameters:
    ///   - topCount: likeliest tokens asked for; with none, `top_logprobs` is null.
    ///   - offset: where in the choice's text the first token begins, in characters; moved on past the last one.
    mutating func writeText(
        _ tokens: [ScoredToken], topCount: Int, offset: inout Int, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.key("tokens")
        json.beginArray()
        for token in tokens { writeName(token.token, to: &json) }
        json.endArray()
        json.key("token_logprobs")
        json.beginArray()
        for token in tokens { write(token.logProbability, to: &json) }
        json.endArray()
        json.key("top_logprobs")
        if topCount == 0 { json.null() } else { writeAlternatives(tokens, to: &json) }
        json.key("text_offset")
        json.beginArray()
        for token in tokens {
            json.value(offset)
            text.set(token.token, tokenizer)
            offset += text.characterCount
        }
        json.endArray()
        json.endObject()
    }

    /// For every token an object from names to log-probabilities; the token itself is always among them.
    private mutating func writeAlternatives(_ tokens: [ScoredToken], to json: inout JSONWriter) {
        json.beginArray()
        for token in tokens {
            guard let logProbability = token.logProbability else {
                json.null()
                continue
            }
            json.beginObject()
            var isListed = false
            for alternative in token.alternatives {
                isListed = isListed || alternative.token == token.token
                writeMember(alternative.token, alternative.logProbability, to: &json)
            }
            if !isListed { writeMember(token.token, logProbability, to: &json) }
            json.endObject()
        }
        json.endArray()
    }

    private mutating func writeMember(_ token: TokenID, _ logProbability: Float, to json: inout JSONWriter) {
        text.set(token, tokenizer)
        json.key(utf8: text.name.span)
        json.value(ScoredToken.published(logProbability))
    }

    private mutating func writeName(_ token: TokenID, to json: inout JSONWriter) {
        text.set(token, tokenizer)
        json.value(utf8: text.name.span)
    }

    private func write(_ logProbability: Float?, to json: inout JSONWriter) {
        if let logProbability {
            json.value(ScoredToken.published(logProbability))
        } else {
            json.null()
        }
    }
}
