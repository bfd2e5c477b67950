import Engine
import JSON
import ModelFormats

/// The body of `POST /v1/completions`.
struct CompletionRequest {
    /// A prompt in the form the client gave it.
    enum Prompt {
        case text([UInt8])
        case tokens([TokenID])
    }

    var prompts: [Prompt]
    var parameters: GenerationParameters
    /// Whether the text begins with the prompt.
    var isEchoed: Bool
    /// Likeliest tokens to report beside each one; nil when log-probabilities are not asked for.
    var topLogProbabilities: Int?

    init(_ request: RequestObject) throws(APIError) {
        try RefusedParameters.checkCompletion(request)
        prompts = try Self.prompts(request)
        parameters = try GenerationParameters(request, maxTokensMin: 0)
        isEchoed = try request.flag("echo") ?? false
        topLogProbabilities = try request.integer("logprobs", in: 0...Limits.topLogProbabilities)
        guard prompts.count * parameters.choiceCount <= Limits.sequencesPerRequest else {
            throw .invalid(
                "n",
                "Prompts times 'n' may be \(Limits.sequencesPerRequest) at most; "
                    + "this is \(prompts.count) times \(parameters.choiceCount).")
        }
    }

    /// A string, an array of strings, an array of tokens, or an array of arrays of tokens. Without a prompt the model
    /// begins a document.
    private static func prompts(_ request: RequestObject) throws(APIError) -> [Prompt] {
        guard let value = request.value("prompt") else { return [.text([])] }
        if let text = value.utf8Value { return [.text(text)] }
        guard let elements = value.arrayValue, let first = elements.first else { throw wrongType(request) }
        if first.numberValue != nil { return [.tokens(try tokens(elements, request))] }
        guard elements.count <= Limits.sequencesPerRequest else {
            throw .invalid("prompt", "'prompt' may hold \(Limits.sequencesPerRequest) prompts at most.")
        }
        var prompts: [Prompt] = []
        for element in elements {
            if let text = element.utf8Value {
                prompts.append(.text(text))
            } else if let array = element.arrayValue {
                prompts.append(.tokens(try tokens(array, request)))
            } else {
                throw wrongType(request)
            }
        }
        return prompts
    }

    private static func tokens(_ values: [JSONValue], _ request: RequestObject) throws(APIError) -> [TokenID] {
        var tokens: [TokenID] = []
        tokens.reserveCapacity(values.count)
        for value in values {
            guard let token = value.intValue else { throw wrongType(request) }
            // A number beyond the type is none of the vocabulary's: the engine says so.
            tokens.append(TokenID(clamping: token))
        }
        return tokens
    }

    private static func wrongType(_ request: RequestObject) -> APIError {
        request.wrongType("prompt", "a string, an array of strings, an array of tokens or an array of arrays of tokens")
    }
}
