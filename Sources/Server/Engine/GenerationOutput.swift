import ModelFormats
import Transformer

/// A token with the probability that the model gave it.
public struct ScoredToken: Sendable {
    public var token: TokenID
    /// The natural logarithm of the token's probability before any sampling parameter changed it; nil for a prompt's
    /// first token, which nothing precedes.
    public var logProbability: Float?
    /// The likeliest tokens at this position, likeliest first.
    public var alternatives: [TokenLogProbability]
    /// Whether the token is the prompt's.
    public var isPrompt: Bool
}

/// What a generation has made since its output was last taken. Reuse one value: the buffers change hands, so that
/// nothing is allocated for a token.
public struct GenerationOutput: Sendable {
    public internal(set) var id = GenerationID(serial: 0)
    /// Whole UTF-8 characters, none of which can still turn out to belong to a stop string.
    public internal(set) var text: [UInt8] = []
    /// The tokens whose text is out, when log-probabilities were asked for.
    public internal(set) var tokens: [ScoredToken] = []
    /// The log-probability of each token of the vocabulary to follow the prompt, when that was asked for.
    public internal(set) var vocabulary: [Float] = []
    /// Set with the last output of a generation.
    public internal(set) var finish: FinishReason?
    public internal(set) var promptTokenCount = 0
    /// Prompt tokens that did not have to be computed.
    public internal(set) var cachedPromptTokenCount = 0
    /// Tokens generated so far, an end-of-generation token included.
    public internal(set) var generatedTokenCount = 0

    public init() {}
}
