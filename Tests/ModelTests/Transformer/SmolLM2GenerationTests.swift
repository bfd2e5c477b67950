import Foundation
import Model
import Tensor
import Testing

let supportedInstructionSets = InstructionSet.allCases.filter { $0.isSupported(by: CPUFeatures.ofThisProcessor()) }

@Suite("SmolLM2-135M generates as its float32 reference does", .enabled(if: SmolLM2.isPresent, SmolLM2.missingMessage))
struct SmolLM2GenerationTests {
    /// The accuracy budget: mean absolute error of the 20 best log-probabilities after each prompt.
    static let top20ErrorMax = 0.10
    /// A runner-up closer than this may win through rounding; what follows it is another text.
    static let decisiveMargin = 0.5

    @Test("prompt and continuation", arguments: supportedInstructionSets)
    func oracle(variant: InstructionSet) throws {
        var model = try SmolLM2GenerationTests.transformer(variant)
        var top20Errors: [Double] = []
        var promptErrors: [Double] = []
        for oracle in try GenerationOracle.load() {
            let opened = model.openSequence(reserving: 160)
            let sequence = try #require(opened)
            let logits = model.run(oracle.ids, sequence, .all).map(logProbabilities)
            for (row, expected) in oracle.promptLogProbabilities.enumerated() {
                promptErrors.append(abs(logits[row][Int(oracle.ids[row + 1])] - expected))
            }
            for candidate in oracle.lastTop20 {
                top20Errors.append(abs(logits.last![Int(candidate.token)] - candidate.logProbability))
            }
            // The scalar definition takes its time; its agreement with the others is tested elsewhere as well.
            let stepCount = variant == .portable ? 4 : oracle.greedy.count
            SmolLM2GenerationTests.expectGreedy(
                oracle, first: argmax(logits.last!), stepCount, &model, sequence)
            model.closeSequence(sequence)
        }
        let top20Error = top20Errors.reduce(0, +) / Double(top20Errors.count)
        let promptError = promptErrors.reduce(0, +) / Double(promptErrors.count)
        print("\(variant): top-20 error \(top20Error), prompt error \(promptError)")
        #expect(top20Error <= SmolLM2GenerationTests.top20ErrorMax)
        #expect(promptError <= SmolLM2GenerationTests.top20ErrorMax)
    }

    /// Tokens must agree up to the first step whose margin is not decisive.
    private static func expectGreedy(
        _ oracle: GenerationOracle, first: TokenID, _ stepCount: Int, _ model: inout Transformer, _ sequence: SequenceID
    ) {
        var token = first
        for step in 0..<stepCount {
            guard oracle.margins[step] >= decisiveMargin else { return }
            #expect(token == oracle.greedy[step], "step \(step) after \(oracle.prompt)")
            token = argmax(model.run([token], sequence, .last)[0])
        }
    }

    private static func transformer(_ variant: InstructionSet) throws -> Transformer {
        let weights = try SmolLM2.file.withUnsafeBytes { bytes in
            // SAFETY: the file is mapped by a static that is never released, so the pointer stays valid.
            let file = try GGUFFile(RawSpan(_unsafeBytes: bytes))
            return try TransformerWeights(file, ModelConfiguration(file), bytes: bytes)
        }
        let capacity = TransformerCapacity(contextLength: 256, sequenceCount: 2, cachedTokenCount: 512)
        return Transformer(weights, capacity: capacity, instructionSet: variant)
    }
}
