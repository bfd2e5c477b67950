import Foundation
import ModelFixtures
import ModelFormats
import Transformer

/// One line of `generate.jsonl`: what a float32 reference of SmolLM2 makes of a prompt.
struct GenerationOracle: Decodable {
    let prompt: String
    let ids: [TokenID]
    /// Log-probability of each prompt token but the first.
    let promptLogProbabilities: [Double]
    /// The most likely tokens after the prompt, and their log-probabilities.
    let lastTop20: [Candidate]
    /// Greedy continuation, and how far its logit leads over the runner-up at each step.
    let greedy: [TokenID]
    let margins: [Double]

    struct Candidate: Decodable {
        let token: TokenID
        let logProbability: Double

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            token = try values.decode(TokenID.self)
            logProbability = try values.decode(Double.self)
        }
    }

    enum CodingKeys: String, CodingKey {
        case prompt, ids, greedy, margins
        case promptLogProbabilities = "prompt_logprobs"
        case lastTop20 = "last_top20"
    }

    static func load() throws -> [GenerationOracle] {
        try SmolLM2.fixture("generate.jsonl").map { try JSONDecoder().decode(Self.self, from: Data($0.utf8)) }
    }
}

extension Transformer {
    /// Runs one entry through to its logits; one array of logits a row.
    mutating func run(
        _ tokens: some Collection<TokenID>, _ sequence: SequenceID, _ wanted: Batch.LogitsWanted
    ) -> [[Float]] {
        var batch = Batch()
        batch.append(tokens, to: sequence, logits: wanted)
        return run(batch)
    }

    mutating func run(_ batch: Batch) -> [[Float]] {
        begin(batch)
        while !advance() {}
        return (0..<logitsRowCount).map { row in
            withLogits(row: row) { logits in logits.withUnsafeBufferPointer { Array($0) } }
        }
    }
}

/// The logarithm of the sum of exponentials: a token's log-probability is its logit less this.
func logSumExp(_ logits: [Float]) -> Double {
    let highest = Double(logits.max()!)
    var total = 0.0
    for logit in logits { total += exp(Double(logit) - highest) }
    return highest + log(total)
}

func argmax(_ logits: [Float]) -> TokenID {
    var best = 0
    for index in 0..<logits.count where logits[index] > logits[best] { best = index }
    return TokenID(best)
}
