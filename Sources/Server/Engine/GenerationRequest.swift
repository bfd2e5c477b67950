import ModelFormats
import MonotonicTime
import Transformer

/// What a sequence of tokens shall be continued with: one choice of one prompt.
public struct GenerationRequest: Sendable {
    /// The prompt; not empty, and every token within the vocabulary.
    public var prompt: [TokenID]
    /// The most tokens to generate; lowered to what the context leaves. Zero only scores the prompt.
    public var maxTokens: Int
    public var sampling: SamplingParameters
    /// Strings (UTF-8, none empty) that end the generation; they and what follows them are not part of the text.
    public var stopStrings: [[UInt8]] = []
    /// Continue past the model's end-of-generation tokens: a load generator wants replies of a known length.
    public var ignoresEndOfGeneration = false
    /// How many of the likeliest tokens to report beside each token's log-probability; nil to report neither.
    public var topLogProbabilities: Int?
    /// Report the prompt's tokens and their log-probabilities too (with `topLogProbabilities`).
    public var scoresPrompt = false
    /// Report the log-probabilities of all tokens to follow the prompt; with `maxTokens` 0, when it has been computed.
    public var scoresVocabulary = false
    /// A generation with the same prompt, submitted before: this one waits until its prompt has been computed, and
    /// shares it.
    public var primary: GenerationID?
    /// Which of its subject's requests are served first: the lower, the earlier
    /// (`EngineLimits.priorityMin`...`priorityMax`). One step of it counts as much as `EngineLimits.priorityStep` of
    /// waiting, so that no request waits for ever.
    public var priority = 0
    /// The subject's share of the service relative to others' (`LawDocument.Subject.weights`); the last request's
    /// counts.
    public var weight = 1

    public init(prompt: [TokenID], maxTokens: Int, sampling: SamplingParameters) {
        self.prompt = prompt
        self.maxTokens = maxTokens
        self.sampling = sampling
    }
}

/// Names a generation for as long as the engine lives; never used twice.
public struct GenerationID: Hashable, Sendable {
    public let serial: UInt64
}

/// Why a generation ended.
public enum FinishReason: Sendable {
    /// The model ended its reply, or a stop string appeared.
    case stop
    /// `maxTokens` were generated, or the context is full.
    case length
    /// The KV memory is too small for this sequence even when nothing else runs.
    case outOfMemory
}

/// Why a request was not taken in.
public enum GenerationRejection: Error, Equatable, Sendable {
    case promptEmpty
    /// The prompt leaves no room for a reply.
    case promptTooLong(promptTokens: Int, contextLength: Int)
    /// A token of the prompt that the vocabulary does not have.
    case unknownToken(TokenID)
    case invalidSampling(SamplingParameterError)
    /// The first token would come later than was promised to all who are taken in.
    case firstTokenLate(predicted: Interval, limit: Interval, retryAfterSeconds: UInt64)
    /// The queue is full: come back after that many seconds.
    case overloaded(retryAfterSeconds: UInt64)
}
