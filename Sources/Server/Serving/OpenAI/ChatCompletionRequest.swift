import Engine
import JSON

/// The body of `POST /v1/chat/completions`.
struct ChatCompletionRequest {
    var messages: [ChatMessage]
    var parameters: GenerationParameters
    /// Likeliest tokens to report beside each one; nil when log-probabilities are not asked for.
    var topLogProbabilities: Int?

    init(_ request: RequestObject) throws(APIError) {
        try RefusedParameters.checkChat(request)
        messages = try ChatMessages.read(request)
        parameters = try GenerationParameters(request, maxTokensMin: 1)
        let isScored = try request.flag("logprobs") ?? false
        let topCount = try request.integer("top_logprobs", in: 0...Limits.topLogProbabilities)
        guard isScored || topCount == nil else {
            throw .invalid("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.")
        }
        topLogProbabilities = isScored ? topCount ?? 0 : nil
    }
}

/// Parts of OpenAI's API that this server does not have. To ignore them would give answers that look right and are not.
enum RefusedParameters {
    static func checkChat(_ request: RequestObject) throws(APIError) {
        try checkFormat(request)
        try checkTools(request, list: "tools", choice: "tool_choice")
        try checkTools(request, list: "functions", choice: "function_call")
        for modality in try request.array("modalities") ?? [] where modality.utf8Value != Array("text".utf8) {
            throw .unsupported("modalities", "This server answers in text only.")
        }
        if request.value("audio") != nil { throw .unsupported("audio", "This server answers in text only.") }
    }

    static func checkCompletion(_ request: RequestObject) throws(APIError) {
        try checkFormat(request)
        if let suffix = try request.text("suffix"), !suffix.isEmpty {
            throw .unsupported("suffix", "'suffix' is not supported: this model continues text, it does not fill gaps.")
        }
        if let best = try request.integer("best_of", in: 1...Int.max) {
            guard best == (try request.integer("n", in: 1...Int.max) ?? 1) else {
                throw .unsupported("best_of", "'best_of' is not supported beyond 'n': every choice is returned.")
            }
        }
    }

    private static func checkFormat(_ request: RequestObject) throws(APIError) {
        guard let format = try request.nested("response_format") else { return }
        guard let type = try format.text("type") else { throw format.missing("type") }
        guard type == Array("text".utf8) else {
            throw .unsupported(
                "response_format", "Only \"text\" is supported: this server does not constrain its output.")
        }
    }

    /// An empty list of tools, or the choice to use none, asks for nothing.
    private static func checkTools(_ request: RequestObject, list: String, choice: String) throws(APIError) {
        guard let tools = try request.array(list), !tools.isEmpty else { return }
        if request.value(choice)?.utf8Value == Array("none".utf8) { return }
        throw .unsupported(list, "'\(list)' is not supported: this server calls no tools. Leave it out.")
    }
}
