import ModelFormats

/// Chooses the tokens of one sequence. The order of steps is llama.cpp's: logit bias, penalties, top-k, top-p, min-p,
/// and temperature last, so that truncation looks at the model's own probabilities.
public struct Sampler: Sendable {
    public let parameters: SamplingParameters
    private var generator: Xoshiro256
    private var window: PenaltyWindow
    /// Kept from token to token for its storage.
    private var candidates = Candidates()

    /// - Parameter vocabularySize: the length of the rows that `sample` will get.
    public init(_ parameters: SamplingParameters, vocabularySize: Int) throws(SamplingParameterError) {
        try parameters.validate(vocabularySize: vocabularySize)
        self.parameters = parameters
        generator = Xoshiro256(seed: parameters.seed)
        window = PenaltyWindow(capacity: parameters.hasPenalties ? parameters.penaltyWindow : 0)
    }

    /// Adds tokens to what the penalties look at: a prompt's, or ones that were forced.
    public mutating func observe(_ tokens: some Sequence<TokenID>) {
        guard parameters.hasPenalties else { return }
        for token in tokens { window.append(token) }
    }

    /// Chooses the next token from a row of logits, which biases and penalties change in place, and observes it.
    ///
    /// A row that holds no number gives token 0.
    public mutating func sample(_ logits: inout MutableSpan<Float>) -> TokenID {
        for entry in parameters.logitBias where logits.indices.contains(Int(entry.token)) {
            logits[Int(entry.token)] += entry.bias
        }
        window.penalize(&logits, parameters)
        let token = choose(logits.span)
        if parameters.hasPenalties { window.append(token) }
        return token
    }

    private mutating func choose(_ logits: Span<Float>) -> TokenID {
        if parameters.temperature == 0 || parameters.topK == 1 { return LogitScan.maximum(logits).token }
        let (maximum, likeliest) = LogitScan.maximum(logits)
        // Weights are relative to the maximum; without a finite one there is nothing to weigh.
        guard maximum.isFinite else { return likeliest }
        let keepsAll = (parameters.topK == 0 || parameters.topK >= logits.count) && parameters.topP == 1
        if keepsAll, parameters.minP == 0 { return drawFromAll(logits, maximum: maximum) }
        if keepsAll {
            // A little wider than min-p, which is applied below without the logarithm's rounding.
            candidates.select(above: maximum + Float(Exponential.log(Double(parameters.minP))) - 0.01, of: logits)
        } else if parameters.topK > 0, parameters.topK < logits.count {
            candidates.selectTop(parameters.topK, of: logits)
            cutToTopP(total: candidates.sumOfWeights(maximum: maximum, temperature: 1), maximum: maximum)
        } else {
            selectTopP(of: logits, maximum: maximum)
        }
        cutToMinP(maximum: maximum)
        return draw(maximum: maximum)
    }
}

// MARK: - Truncation

extension Sampler {
    /// Fills the candidates with the fewest most likely tokens whose probabilities reach `topP`. Only tokens near the
    /// maximum are sorted; when they are not enough, the net is cast wider.
    private mutating func selectTopP(of logits: Span<Float>, maximum: Float) {
        let total = LogitScan.sumOfWeights(logits, maximum: maximum)
        var depth: Float = 4
        while true {
            let isEverything = depth > 64
            candidates.select(above: isEverything ? -.infinity : maximum - depth, of: logits)
            let weight = candidates.sumOfWeights(maximum: maximum, temperature: 1)
            if isEverything || weight >= Double(parameters.topP) * total { break }
            depth *= 2
        }
        candidates.sort()
        cutToTopP(total: total, maximum: maximum)
    }

    /// Cuts the sorted candidates where their weights reach `topP` of `total`.
    private mutating func cutToTopP(total: Double, maximum: Float) {
        guard parameters.topP < 1 else { return }
        let wanted = Double(parameters.topP) * total
        var sum = 0.0
        // By index: a copy of the list, held while it is cut, would make the cut a copy too.
        for index in candidates.list.indices {
            sum += Double(Exponential.exp(candidates.list[index].logit - maximum))
            if sum >= wanted { return candidates.truncate(to: index + 1) }
        }
    }

    private mutating func cutToMinP(maximum: Float) {
        guard parameters.minP > 0 else { return }
        let minP = parameters.minP
        candidates.keep { Exponential.exp($0.logit - maximum) >= minP }
    }
}

// MARK: - Drawing

extension Sampler {
    private mutating func draw(maximum: Float) -> TokenID {
        let temperature = parameters.temperature
        let total = candidates.sumOfWeights(maximum: maximum, temperature: temperature)
        var rest = generator.nextUnit() * total
        for candidate in candidates.list {
            rest -= Double(Exponential.exp((candidate.logit - maximum) / temperature))
            if rest < 0 { return candidate.token }
        }
        // Rounding left a crumb: the last candidate takes it.
        return candidates.list.last?.token ?? 0
    }

    /// Draws from the whole vocabulary without listing it.
    private mutating func drawFromAll(_ logits: Span<Float>, maximum: Float) -> TokenID {
        let temperature = parameters.temperature
        let total = LogitScan.sumOfWeights(logits, maximum: maximum, temperature: temperature)
        return LogitScan.token(
            where: generator.nextUnit() * total, of: logits, maximum: maximum,
            temperature: temperature)
    }
}
