/// Bounds on what a request may ask of a sampler.
public enum SamplingLimits {
    /// Beyond this every token is as likely as any other.
    public static let temperatureMax: Float = 100
    /// Absolute value of the presence and frequency penalties (OpenAI's API allows 2).
    public static let penaltyMax: Float = 100
    /// Factor of the repetition penalty.
    public static let repetitionPenaltyMax: Float = 100
    /// Tokens that penalties look back at: each sampled token costs a walk over their distinct ones.
    public static let penaltyWindowMax = 4_096
    /// Biased tokens of a request (OpenAI's API allows 300).
    public static let logitBiasCountMax = 1_024
    /// Absolute value of a bias: +-100 already forces or forbids a token.
    public static let logitBiasMax: Float = 1_000
    /// `top_logprobs` of OpenAI's API goes to 20; completions ask for 5.
    public static let topLogProbabilityCountMax = 128
}
