import ChatTemplates
import JSON
import Law
import ModelFormats
import Tokenizers

/// From a conversation to the prompt that the model was trained to continue.
struct ChatPrompt {
    let tokenizer: Tokenizer
    let template: ChatTemplate
    /// Of the model, in tokens.
    let contextLength: Int
    /// Seconds since 1970, for templates that state the date.
    let unixSeconds: Int64

    /// The conversation written out by the model's template, ending where the assistant's turn begins.
    func text(of messages: [ChatMessage]) throws(APIError) -> [UInt8] {
        try text(of: messages, byteCountMax: .max)
    }

    private var tokenLimit: Int { Limits.promptContextsCounted * contextLength }

    private var tooLong: APIError {
        .promptTooLong("messages", contextLength: contextLength, limit: tokenLimit)
    }

    private func text(of messages: [ChatMessage], byteCountMax: Int) throws(APIError) -> [UInt8] {
        var input = ChatTemplate.Input(
            messages: messages.map { message in
                .object(TemplateObject([("role", .text(message.role)), ("content", .string(message.content))]))
            })
        input.beginOfSequence = text(of: tokenizer.beginOfSequence)
        input.endOfSequence = text(of: tokenizer.endOfSequence)
        input.time = CivilTime(secondsSinceEpoch: unixSeconds)
        do throws(TemplateError) {
            return try template.render(input, outputByteCountMax: byteCountMax)
        } catch {
            if case .outputTooLong = error.problem { throw tooLong }
            if error.isRefusal { throw .invalid("messages", error.description) }
            throw APIError(500, .server, error.description, code: "chat_template_failed")
        }
    }

    /// The conversation's tokens.
    func tokens(of messages: [ChatMessage]) throws(APIError) -> [TokenID] {
        let text = try text(of: messages, byteCountMax: tokenizer.textByteCountMax(forTokens: tokenLimit))
        var tokens: [TokenID]
        do throws(TokenLimitExceeded) {
            tokens = try tokenizer.encode(text.span, addSpecial: false, parseSpecial: true, limit: tokenLimit)
        } catch {
            throw tooLong
        }
        // Most templates of models that want a begin token write it themselves.
        if tokenizer.addsBeginOfSequence, let begin = tokenizer.beginOfSequence, tokens.first != begin {
            tokens.insert(begin, at: 0)
        }
        return tokens
    }

    private func text(of token: TokenID?) -> [UInt8] {
        guard let token else { return [] }
        return tokenizer.decode([token], renderSpecial: true)
    }

    /// `POST /apply-template`: `{messages}` to `{"prompt": "..."}`.
    func apply(
        _ request: RequestObject, _ permit: consuming Permit<Read, ChatTemplateTarget>
    ) throws(APIError) -> [UInt8] {
        let text = try text(of: try ChatMessages.read(request))
        var json = JSONWriter()
        json.beginObject()
        json.member("prompt", utf8: text.span)
        json.endObject()
        return json.bytes
    }
}
