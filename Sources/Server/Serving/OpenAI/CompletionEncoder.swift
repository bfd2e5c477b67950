import Engine
import JSON
import Tokenizers

/// Writes the answers of both completion routes, whole or as the chunks of a stream.
struct CompletionEncoder {
    enum Form {
        case chat, text
    }

    /// What one continuation has come to.
    struct Choice {
        let index: Int
        var text: [UInt8] = []
        var tokens: [ScoredToken] = []
        var finish: FinishReason?
        /// Characters before the next scored token: `text_offset` of the legacy log-probabilities.
        var textOffset = 0

        init(index: Int) { self.index = index }

        /// Whether there is something to tell that no chunk has told.
        var holdsNews: Bool { !text.isEmpty || !tokens.isEmpty || finish != nil }
    }

    struct Usage {
        var promptTokens = 0
        /// Those of the prompt's tokens that an earlier request of the same subject had left.
        var cachedTokens = 0
        var completionTokens = 0
    }

    let form: Form
    /// `chatcmpl-...` or `cmpl-...`
    let id: String
    /// Seconds since 1970.
    let created: Int
    let model: String
    /// Nil when log-probabilities were not asked for.
    let topLogProbabilities: Int?
    /// Whether a stream ends with a chunk that has the usage.
    let includesUsage: Bool
    private var scores: ScoreWriter
    private var json = JSONWriter()

    init(
        form: Form, id: String, created: Int, model: String, topLogProbabilities: Int?, includesUsage: Bool,
        tokenizer: Tokenizer
    ) {
        self.form = form
        self.id = id
        self.created = created
        self.model = model
        self.topLogProbabilities = topLogProbabilities
        self.includesUsage = includesUsage
        scores = ScoreWriter(tokenizer)
    }

    // MARK: Whole answers

    mutating func answer(_ choices: inout [Choice], _ usage: Usage) -> [UInt8] {
        begin(object: form == .chat ? "chat.completion" : "text_completion")
        for index in choices.indices {
            let text = choices[index].text
            json.beginObject()
            json.member("index", choices[index].index)
            switch form {
            case .chat:
                json.key("message")
                json.beginObject()
                json.member("role", "assistant")
                json.member("content", utf8: text.span)
                json.key("refusal")
                json.null()
                json.endObject()
            case .text:
                json.member("text", utf8: text.span)
            }
            writeScores(&choices[index])
            writeFinish(choices[index].finish)
            json.endObject()
        }
        json.endArray()
        write(usage)
        json.endObject()
        return json.bytes
    }

    // MARK: Chunks

    /// A chat stream's first chunk for a choice: who speaks.
    mutating func opening(_ choice: Choice) -> [UInt8] {
        beginChunk()
        json.beginObject()
        json.member("index", choice.index)
        json.key("delta")
        json.beginObject()
        json.member("role", "assistant")
        json.member("content", "")
        json.key("refusal")
        json.null()
        json.endObject()
        json.key("logprobs")
        json.null()
        writeFinish(nil)
        json.endObject()
        return endChunk()
    }

    /// The text and tokens that `choice` holds, and its end when it has come to it.
    mutating func delta(_ choice: inout Choice) -> [UInt8] {
        beginChunk()
        json.beginObject()
        json.member("index", choice.index)
        switch form {
        case .chat:
            json.key("delta")
            json.beginObject()
            if !choice.text.isEmpty || choice.finish == nil { json.member("content", utf8: choice.text.span) }
            json.endObject()
        case .text:
            json.member("text", utf8: choice.text.span)
        }
        writeScores(&choice)
        writeFinish(choice.finish)
        json.endObject()
        return endChunk()
    }

    /// The chunk behind the last one when `stream_options.include_usage` is set.
    mutating func usageChunk(_ usage: Usage) -> [UInt8] {
        begin(object: chunkObject)
        json.endArray()
        write(usage)
        json.endObject()
        return json.bytes
    }

    // MARK: Parts

    private var chunkObject: String { form == .chat ? "chat.completion.chunk" : "text_completion" }

    private mutating func beginChunk() { begin(object: chunkObject) }

    private mutating func endChunk() -> [UInt8] {
        json.endArray()
        if includesUsage {
            json.key("usage")
            json.null()
        }
        json.endObject()
        return json.bytes
    }

    /// Up to and with the bracket that opens `choices`.
    private mutating func begin(object: String) {
        json.removeAll()
        json.beginObject()
        json.member("id", id)
        json.member("object", object)
        json.member("created", created)
        json.member("model", model)
        json.member("system_fingerprint", Version.fingerprint)
        json.key("choices")
        json.beginArray()
    }

    private mutating func writeScores(_ choice: inout Choice) {
        json.key("logprobs")
        guard let topLogProbabilities, !choice.tokens.isEmpty else {
            json.null()
            return
        }
        switch form {
        case .chat:
            scores.writeChat(choice.tokens, to: &json)
        case .text:
            var offset = choice.textOffset
            scores.writeText(choice.tokens, topCount: topLogProbabilities, offset: &offset, to: &json)
            choice.textOffset = offset
        }
    }

    private mutating func writeFinish(_ reason: FinishReason?) {
        json.key("finish_reason")
        switch reason {
        case .stop: json.value("stop")
        // A reply cut off for want of memory was cut off by length.
        case .length, .outOfMemory: json.value("length")
        case nil: json.null()
        }
    }

    private mutating func write(_ usage: Usage) {
        json.key("usage")
        json.beginObject()
        json.member("prompt_tokens", usage.promptTokens)
        json.member("completion_tokens", usage.completionTokens)
        json.member("total_tokens", usage.promptTokens + usage.completionTokens)
        json.key("prompt_tokens_details")
        json.beginObject()
        json.member("cached_tokens", usage.cachedTokens)
        json.endObject()
        json.endObject()
    }
}
