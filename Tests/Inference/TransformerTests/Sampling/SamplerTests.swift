import Foundation
import ModelFormats
import TestSupport
import Testing

@testable import Transformer

@Suite("Sampling")
struct SamplerTests {
    /// Draws `count` tokens, each from a fresh copy of `logits`.
    private func draw(
        _ count: Int, from logits: [Float], _ change: (inout SamplingParameters) -> Void = { _ in }
    ) throws -> [TokenID] {
        var parameters = SamplingParameters()
        change(&parameters)
        var sampler = try Sampler(parameters, vocabularySize: logits.count)
        return (0..<count).map { _ in
            var row = logits
            var span = row.mutableSpan
            return sampler.sample(&span)
        }
    }

    private func shares(_ tokens: [TokenID], vocabularySize: Int) -> [Double] {
        var counts = [Double](repeating: 0, count: vocabularySize)
        for token in tokens { counts[Int(token)] += 1 }
        return counts.map { $0 / Double(tokens.count) }
    }

    /// Logits of given probabilities.
    private func logits(_ probabilities: [Double]) -> [Float] { probabilities.map { Float(log($0)) } }

    @Test("temperature 0 takes the most likely token, and of equal ones the first")
    func greedy() throws {
        #expect(try draw(3, from: [0, 2, 1, 2]) { $0.temperature = 0 } == [1, 1, 1])
        let long = (0..<100).map { Float(($0 * 37) % 91) }
        #expect(try draw(1, from: long) { $0.temperature = 0 } == [TokenID(long.firstIndex(of: long.max()!)!)])
    }

    @Test("without truncation tokens come as often as their probabilities say")
    func distribution() throws {
        let probabilities = [0.5, 0.25, 0.15, 0.1]
        let found = shares(try draw(20_000, from: logits(probabilities)) { $0.seed = 3 }, vocabularySize: 4)
        for (share, probability) in zip(found, probabilities) { #expect(abs(share - probability) < 0.012) }
    }

    @Test("temperature sharpens and flattens")
    func temperature() throws {
        let probabilities = [0.6, 0.3, 0.1]
        for temperature in [0.5, 2.0] {
            let weights = probabilities.map { pow($0, 1 / temperature) }
            let total = weights.reduce(0, +)
            let tokens = try draw(20_000, from: logits(probabilities)) { $0.temperature = Float(temperature) }
            for (share, weight) in zip(shares(tokens, vocabularySize: 3), weights) {
                #expect(abs(share - weight / total) < 0.012)
            }
        }
    }

    @Test("top-k keeps k tokens and their proportions")
    func topK() throws {
        let tokens = try draw(10_000, from: logits([0.1, 0.4, 0.2, 0.3])) { $0.topK = 2 }
        let found = shares(tokens, vocabularySize: 4)
        #expect(found[0] == 0 && found[2] == 0)
        #expect(abs(found[1] - 4.0 / 7) < 0.02)
    }

    @Test("top-p keeps the fewest tokens that reach the sum", arguments: [0, 4])
    func topP(topK: Int) throws {
        let probabilities = [0.05, 0.5, 0.15, 0.3]
        let tokens = try draw(5_000, from: logits(probabilities)) {
            $0.topP = 0.75; $0.topK = topK
        }
        #expect(Set(tokens) == [1, 3])
        let one = try draw(100, from: logits(probabilities)) {
            $0.topP = 0.01; $0.topK = topK
        }
        #expect(Set(one) == [1])
    }

    @Test("top-p finds its tokens in a flat distribution too, where no few are enough")
    func topPOfManyEqual() throws {
        let flat = [Float](repeating: 0.25, count: 1_000)
        let tokens = try draw(3_000, from: flat) { $0.topP = 0.5 }
        // Equal tokens count in the order of their numbers.
        #expect(tokens.allSatisfy { $0 < 500 })
        #expect(Set(tokens).count > 450)
    }

    @Test("min-p drops tokens below a fraction of the best", arguments: [0, 3])
    func minP(topK: Int) throws {
        let tokens = try draw(5_000, from: logits([0.5, 0.3, 0.15, 0.05])) {
            $0.minP = 0.4; $0.topK = topK
        }
        #expect(Set(tokens) == [0, 1])
    }

    @Test("the same seed gives the same tokens, another seed others, on every machine")
    func seeds() throws {
        let flat = [Float](repeating: 0, count: 1_000)
        let first = try draw(8, from: flat) { $0.seed = 42 }
        #expect(try draw(8, from: flat) { $0.seed = 42 } == first)
        #expect(try draw(8, from: flat) { $0.seed = 43 } != first)
        #expect(first == Self.tokensOfSeed42)
    }

    /// floor(1000 u) for the first outputs u of xoshiro256++ seeded by SplitMix64(42), as another implementation
    /// (Python, from the published reference code) gives them.
    private static let tokensOfSeed42: [TokenID] = [814, 318, 983, 701, 793, 588, 125, 605]

    @Test("repetition, presence and frequency penalties push seen tokens down")
    func penalties() throws {
        var parameters = SamplingParameters.greedy
        parameters.repetitionPenalty = 2
        var sampler = try Sampler(parameters, vocabularySize: 3)
        sampler.observe([0])
        var row: [Float] = [3, 2, -1]
        var span = row.mutableSpan
        #expect(sampler.sample(&span) == 1)
        #expect(row == [1.5, 2, -1])

        parameters = .greedy
        parameters.presencePenalty = 1
        parameters.frequencyPenalty = 0.5
        sampler = try Sampler(parameters, vocabularySize: 3)
        sampler.observe([0, 0, 2])
        row = [3, 2, -1]
        span = row.mutableSpan
        _ = sampler.sample(&span)
        #expect(row == [1, 2, -2.5])
    }

    @Test("the penalty window forgets")
    func window() throws {
        var parameters = SamplingParameters.greedy
        parameters.presencePenalty = 10
        parameters.penaltyWindow = 2
        var sampler = try Sampler(parameters, vocabularySize: 4)
        let chosen = (0..<5).map { _ in
            var row: [Float] = [3, 2, 1, 0]
            var span = row.mutableSpan
            return sampler.sample(&span)
        }
        #expect(chosen == [0, 1, 2, 0, 1])
    }

    @Test("logit bias forces and forbids")
    func bias() throws {
        let tokens = try draw(50, from: [5, 0, 0]) {
            $0.logitBias = [.init(token: 0, bias: -100), .init(token: 2, bias: 100)]
        }
        #expect(Set(tokens) == [2])
    }

    @Test("rows without a usable number give a token and never trap")
    func brokenRows() throws {
        let rows: [[Float]] = [
            [.nan, .nan], [-.infinity, -.infinity], [.infinity, 1], [.nan, 1], [.infinity, .infinity, .nan],
        ]
        let kinds: [(inout SamplingParameters) -> Void] = [
            { _ in }, { $0.temperature = 0 }, { $0.topK = 1 }, { $0.topK = 5 }, { $0.topP = 0.5 }, { $0.minP = 0.5 },
            {
                $0.temperature = .leastNonzeroMagnitude; $0.topP = 0.9
            },
        ]
        for row in rows {
            for kind in kinds {
                let tokens = try draw(3, from: row, kind)
                #expect(tokens.allSatisfy { row.indices.contains(Int($0)) })
            }
        }
        #expect(try draw(1, from: [.nan, 1]) == [1])
    }

    @Test("parameters out of range are named")
    func validation() {
        let cases: [(String, (inout SamplingParameters) -> Void)] = [
            ("temperature", { $0.temperature = -1 }), ("temperature", { $0.temperature = .nan }),
            ("temperature", { $0.temperature = .infinity }), ("top_k", { $0.topK = -1 }), ("top_p", { $0.topP = 0 }),
            ("top_p", { $0.topP = 1.1 }), ("min_p", { $0.minP = -0.1 }), ("min_p", { $0.minP = 2 }),
            ("repetition_penalty", { $0.repetitionPenalty = 0 }), ("presence_penalty", { $0.presencePenalty = .nan }),
            ("frequency_penalty", { $0.frequencyPenalty = 101 }), ("penalty_window", { $0.penaltyWindow = 4097 }),
            ("logit_bias", { $0.logitBias = [.init(token: 10, bias: 0)] }),
            ("logit_bias", { $0.logitBias = [.init(token: -1, bias: 0)] }),
            ("logit_bias", { $0.logitBias = [.init(token: 1, bias: .nan)] }),
        ]
        for (name, change) in cases {
            var parameters = SamplingParameters()
            change(&parameters)
            let error = #expect(throws: SamplingParameterError.self) {
                try parameters.validate(vocabularySize: 10)
            }
            #expect(error?.parameter == name)
        }
        #expect(throws: Never.self) { try SamplingParameters().validate(vocabularySize: 10) }
    }

    @Test("partial selection agrees with a full sort on random rows")
    func selection() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<50 {
            let row = (0..<Int.random(in: 1...300, using: &random)).map { _ in
                Float(Int.random(in: -20...20, using: &random))
            }
            let count = Int.random(in: 1...40, using: &random)
            var candidates = Candidates()
            candidates.selectTop(count, of: row.span)
            let expected = row.indices.sorted { row[$0] != row[$1] ? row[$0] > row[$1] : $0 < $1 }.prefix(count)
            #expect(candidates.list.map { Int($0.token) } == Array(expected))
        }
    }
}

@Suite("Log-probabilities")
struct LogProbabilitiesTests {
    @Test("log-softmax of a row, and its top tokens in order")
    func values() {
        let row: [Float] = [1, 3, 2, -50]
        let all = LogProbabilities(row.span)
        let normalizer = Foundation.log(Foundation.exp(1.0) + Foundation.exp(3.0) + Foundation.exp(2.0))
        #expect(abs(Double(all.normalizer) - normalizer) < 1e-6)
        #expect(all.top(2, in: row.span).map(\.token) == [1, 2])
        #expect(all.top(9, in: row.span).count == 4)
        #expect(all.top(0, in: row.span).isEmpty)
        #expect(all.logProbability(of: 1, in: row.span) == 3 - all.normalizer)
        #expect(all.logProbability(of: 4, in: row.span) == -.infinity)
        #expect(all.logProbability(of: -1, in: row.span) == -.infinity)
    }

    @Test("probabilities sum to one")
    func sum() {
        var random = SplitMix64(seed: 6)
        let row = (0..<5_000).map { _ in Float.random(in: -15...15, using: &random) }
        let all = LogProbabilities(row.span)
        let sum = row.map { Foundation.exp(Double($0 - all.normalizer)) }.reduce(0, +)
        #expect(abs(sum - 1) < 1e-5)
    }
}
