import ModelFormats

/// How the next token is chosen. The defaults leave the model's distribution as it is.
public struct SamplingParameters: Equatable, Sendable {
    /// 0 always takes the most likely token; otherwise logits are divided by it. 0...100.
    public var temperature: Float = 1
    /// Keeps the `topK` most likely tokens; 0 keeps all.
    public var topK: Int = 0
    /// Keeps the fewest most likely tokens whose probabilities reach this sum. Above 0, to 1, which keeps all.
    public var topP: Float = 1
    /// Drops tokens less likely than this fraction of the most likely one's probability. 0...1; 0 keeps all.
    public var minP: Float = 0
    /// Divides the positive logits of tokens in the window by this, and multiplies negative ones. Above 0; 1 is off.
    public var repetitionPenalty: Float = 1
    /// Subtracted from the logit of each token in the window. -100...100.
    public var presencePenalty: Float = 0
    /// Subtracted once for each time that a token occurs in the window. -100...100.
    public var frequencyPenalty: Float = 0
    /// How many of the latest tokens, of prompt and answer, the penalties look at. 0...4096.
    public var penaltyWindow: Int = 64
    /// Added to tokens' logits before anything else.
    public var logitBias: [LogitBias] = []
    /// The same seed gives the same choices on every machine.
    public var seed: UInt64 = 0

    public struct LogitBias: Equatable, Sendable {
        public var token: TokenID
        public var bias: Float

        public init(token: TokenID, bias: Float) {
            self.token = token
            self.bias = bias
        }
    }

    public init() {}

    /// Always the most likely token.
    public static var greedy: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = 0
        return parameters
    }

    var hasPenalties: Bool {
        penaltyWindow > 0 && (repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0)
    }
}

/// A sampling parameter outside of its range.
public struct SamplingParameterError: Error, Equatable, Sendable {
    /// The parameter by OpenAI's or llama.cpp's name, as a request states it.
    public let parameter: String
    /// What it must be.
    public let requirement: String
}

extension SamplingParameterError: CustomStringConvertible {
    public var description: String { parameter + " must be " + requirement }
}

extension SamplingParameters {
    /// Checks every parameter; `vocabularySize` bounds the biased tokens.
    public func validate(vocabularySize: Int) throws(SamplingParameterError) {
        func require(_ holds: Bool, _ name: String, _ requirement: String) throws(SamplingParameterError) {
            guard holds else { throw SamplingParameterError(parameter: name, requirement: requirement) }
        }
        // Comparisons with NaN are false: it passes none of these.
        try require(temperature >= 0 && temperature <= SamplingLimits.temperatureMax, "temperature", "within 0...100")
        try require(topK >= 0, "top_k", "0 or more")
        try require(topP > 0 && topP <= 1, "top_p", "above 0 and at most 1")
        try require(minP >= 0 && minP <= 1, "min_p", "within 0...1")
        try require(
            repetitionPenalty > 0 && repetitionPenalty <= SamplingLimits.repetitionPenaltyMax,
            "repetition_penalty", "above 0 and at most 100")
        try require(presencePenalty.magnitude <= SamplingLimits.penaltyMax, "presence_penalty", "within -100...100")
        try require(frequencyPenalty.magnitude <= SamplingLimits.penaltyMax, "frequency_penalty", "within -100...100")
        try require(
            penaltyWindow >= 0 && penaltyWindow <= SamplingLimits.penaltyWindowMax,
            "penalty_window", "within 0...4096")
        try require(logitBias.count <= SamplingLimits.logitBiasCountMax, "logit_bias", "at most 1024 tokens")
        for entry in logitBias {
            try require(
                entry.token >= 0 && Int(entry.token) < vocabularySize, "logit_bias",
                "about tokens of the vocabulary, 0..<\(vocabularySize)")
            try require(entry.bias.magnitude <= SamplingLimits.logitBiasMax, "logit_bias", "within -1000...1000")
        }
    }
}
