import Engine
import JSON
import ModelFormats
import Transformer

/// What chat and text completions have in common: how to continue, not what.
struct GenerationParameters {
    /// Nil when the client leaves it open.
    var maxTokens: Int?
    /// Continuations of each prompt.
    var choiceCount: Int
    var sampling: SamplingParameters
    /// Nil when any sequence of random numbers will do.
    var seed: UInt64?
    var stopStrings: [[UInt8]]
    var ignoresEndOfGeneration: Bool
    /// Among the requests of one key: the lower, the earlier. vLLM's extension of OpenAI's API.
    var priority: Int
    var isStreamed: Bool
    var includesUsage: Bool

    init(_ request: RequestObject, maxTokensMin: Int) throws(APIError) {
        let maxTokens = try request.integer("max_tokens", in: maxTokensMin...Int.max)
        self.maxTokens = try request.integer("max_completion_tokens", in: maxTokensMin...Int.max) ?? maxTokens
        choiceCount = try request.integer("n", in: 1...Limits.sequencesPerRequest) ?? 1
        sampling = try SamplingParameters(request)
        // Any 64-bit integer is a seed; negative ones are distinct from positive ones.
        seed = try request.integer("seed", in: Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
        stopStrings = try Self.stopStrings(request)
        ignoresEndOfGeneration = try request.flag("ignore_eos") ?? false
        priority = try request.integer("priority", in: EngineLimits.priorityMin...EngineLimits.priorityMax) ?? 0
        isStreamed = try request.flag("stream") ?? false
        let options = try request.nested("stream_options")
        guard isStreamed || options == nil else {
            throw .invalid("stream_options", "'stream_options' is only allowed when 'stream' is true.")
        }
        includesUsage = try options?.flag("include_usage") ?? false
    }

    /// One string or several.
    private static func stopStrings(_ request: RequestObject) throws(APIError) -> [[UInt8]] {
        guard let value = request.value("stop") else { return [] }
        if let text = value.utf8Value { return try checked([text]) }
        let wrongType = request.wrongType("stop", "a string or an array of strings")
        guard let array = value.arrayValue else { throw wrongType }
        guard array.count <= Limits.stopStrings else {
            throw .invalid("stop", "'stop' may hold \(Limits.stopStrings) strings at most; it holds \(array.count).")
        }
        var texts: [[UInt8]] = []
        for element in array {
            guard let text = element.utf8Value else { throw wrongType }
            texts.append(text)
        }
        return try checked(texts)
    }

    /// An empty stop string would end every text before it begins: it is taken as none.
    private static func checked(_ texts: [[UInt8]]) throws(APIError) -> [[UInt8]] {
        for text in texts where text.count > Limits.stopStringBytes {
            throw .invalid("stop", "A stop string may have \(Limits.stopStringBytes) bytes at most.")
        }
        return texts.filter { !$0.isEmpty }
    }
}

extension SamplingParameters {
    /// The parameters of the OpenAI API, and those that llama.cpp and vLLM have added to it.
    init(_ request: RequestObject) throws(APIError) {
        self.init()
        if let value = try request.number("temperature", in: 0...2, "between 0 and 2") { temperature = Float(value) }
        if let value = try request.number("top_p", in: 0...1, "between 0 and 1") {
            // Zero stands for the likeliest token alone.
            topP = max(Float(value), .leastNormalMagnitude)
        }
        if let value = try request.number("min_p", in: 0...1, "between 0 and 1") { minP = Float(value) }
        // vLLM's clients send -1 for "all".
        if let value = try request.integer("top_k", in: -1...Int.max) { topK = max(value, 0) }
        if let value = try request.number("presence_penalty", in: -2...2, "between -2 and 2") {
            presencePenalty = Float(value)
        }
        if let value = try request.number("frequency_penalty", in: -2...2, "between -2 and 2") {
            frequencyPenalty = Float(value)
        }
        for name in ["repeat_penalty", "repetition_penalty"] {
            if let value = try request.number(name, in: 0.01...10, "between 0.01 and 10") {
                repetitionPenalty = Float(value)
            }
        }
        logitBias = try Self.logitBias(request)
    }

    /// `{"TOKEN": BIAS}`: the token's id as a string, and a bias between -100 and 100.
    private static func logitBias(_ request: RequestObject) throws(APIError) -> [LogitBias] {
        guard let biases = try request.nested("logit_bias") else { return [] }
        guard biases.members.count <= Limits.logitBiases else {
            throw .invalid("logit_bias", "'logit_bias' may have \(Limits.logitBiases) members at most.")
        }
        var result: [LogitBias] = []
        for member in biases.members {
            guard let token = decimalToken(member.key.utf8) else {
                throw .invalid("logit_bias", "The members of 'logit_bias' must be named after token ids.")
            }
            guard let bias = member.value.doubleValue, (-100...100).contains(bias) else {
                throw .invalid("logit_bias", "A bias must be a number between -100 and 100.")
            }
            result.append(LogitBias(token: token, bias: Float(bias)))
        }
        return result
    }
}

/// A token id in decimal digits; nil for anything else.
private func decimalToken(_ digits: [UInt8]) -> TokenID? {
    guard (1...9).contains(digits.count) else { return nil }
    var value: TokenID = 0
    for digit in digits {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
        value = value * 10 + TokenID(digit - UInt8(ascii: "0"))
    }
    return value
}
