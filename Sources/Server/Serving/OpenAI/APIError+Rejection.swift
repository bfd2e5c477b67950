import Engine
import Transformer
import MonotonicTime

extension APIError {
    /// - Parameter promptParameter: the parameter that holds the prompt: `messages` or `prompt`.
    init(_ rejection: GenerationRejection, promptParameter: String) {
        switch rejection {
        case .promptEmpty:
            self = .invalid(promptParameter, "The prompt has no tokens; send at least one.")
        case .promptTooLong(let promptTokens, let contextLength):
            self = .contextLengthExceeded(
                promptParameter, contextLength: contextLength, promptTokens: "\(promptTokens)")
        case .unknownToken(let token):
            self = .invalid(promptParameter, "Token \(token) is not in the model's vocabulary.")
        case .invalidSampling(let error):
            self = .invalid(error.parameter, "'\(error.parameter)' must be \(error.requirement).")
        case .firstTokenLate(let predicted, let limit, let seconds):
            self = .late(predicted: predicted, limit: limit, retryAfterSeconds: seconds)
        case .overloaded(let seconds):
            self = .overloaded(retryAfterSeconds: seconds)
        }
    }

    /// The prompt is one that was not counted to its end.
    static func promptTooLong(_ promptParameter: String, contextLength: Int, limit: Int) -> APIError {
        contextLengthExceeded(promptParameter, contextLength: contextLength, promptTokens: "more than \(limit)")
    }

    private static func contextLengthExceeded(
        _ promptParameter: String, contextLength: Int, promptTokens: String
    ) -> APIError {
        .invalid(
            promptParameter,
            "This model's maximum context length is \(contextLength) tokens. The prompt has \(promptTokens) tokens "
                + "and must leave room for a reply. Please shorten it.",
            code: "context_length_exceeded")
    }
}
