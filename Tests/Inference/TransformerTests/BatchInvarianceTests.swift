import ModelFixtures
import Tensor
import Testing
import Transformer

/// A token's logits are the same to the last bit however many tokens share its pass, so a request's text cannot depend
/// on what runs beside it.
@Suite("Logits and the size of a batch")
struct BatchInvarianceTests {
    @Test("are independent, bit by bit", arguments: supportedInstructionSets)
    func bits(variant: InstructionSet) throws {
        for (index, shape) in TransformerTests.shapes.enumerated() {
            let model = try RandomModel(shape, seed: UInt64(index))
            let tokens = TransformerTests.tokens(24, model, seed: 1)
            var transformer = try TransformerTests.transformer(model, variant)
            let opened = transformer.openSequence(reserving: 64)
            let sequence = try #require(opened)
            var expected: [[Float]]?
            for size in [1, 2, 3, 4, 6, 8, 12, 24] {
                transformer.truncate(sequence, to: 0)
                var rows: [[Float]] = []
                for start in stride(from: 0, to: 24, by: size) {
                    rows += transformer.run(tokens[start..<start + size], sequence, .all)
                }
                #expect(rows == expected ?? rows, "shape \(index), \(variant), passes of \(size)")
                expected = rows
            }
        }
    }
}
