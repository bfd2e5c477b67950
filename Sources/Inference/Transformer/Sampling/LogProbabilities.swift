import ModelFormats

/// A token and the natural logarithm of its probability.
public struct TokenLogProbability: Equatable, Sendable {
    public let token: TokenID
    public let logProbability: Float

    public init(token: TokenID, logProbability: Float) {
        self.token = token
        self.logProbability = logProbability
    }
}

/// The model's own log-probabilities, for `logprobs`: made from a row before a sampler changes it.
public struct LogProbabilities: Sendable {
    /// The logarithm of the sum of the exponentials of all logits: subtracted from a logit it gives its
    /// log-probability.
    public let normalizer: Float

    /// One pass over a row of logits.
    public init(_ logits: Span<Float>) {
        let maximum = LogitScan.maximum(logits).logit
        guard maximum.isFinite else {
            normalizer = maximum
            return
        }
        normalizer = maximum + Float(Exponential.log(LogitScan.sumOfWeights(logits, maximum: maximum)))
    }

    /// The log-probability of `token` in the row that this was made from; minus infinity for one outside of it.
    public func logProbability(of token: TokenID, in logits: Span<Float>) -> Float {
        logits.indices.contains(Int(token)) ? logits[Int(token)] - normalizer : -.infinity
    }

    /// The `count` most likely tokens (at most `SamplingLimits.topLogProbabilityCountMax`), most likely first.
    public func top(_ count: Int, in logits: Span<Float>) -> [TokenLogProbability] {
        guard count > 0 else { return [] }
        var candidates = Candidates()
        candidates.selectTop(min(count, SamplingLimits.topLogProbabilityCountMax), of: logits)
        return candidates.list.map { TokenLogProbability(token: $0.token, logProbability: $0.logit - normalizer) }
    }
}
