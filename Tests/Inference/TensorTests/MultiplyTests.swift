import TestSupport
import Tensor
import Testing

@Suite("Matrix multiplication")
struct MultiplyTests {
    /// Shapes with tails everywhere: rows not a multiple of 16, block counts not a multiple of 4, more columns than are
    /// decoded at a time, and token counts on both sides of the panel kernel's threshold and of its tiles.
    private static func shapes(_ type: TensorType) -> [(rows: Int, columns: Int, tokens: Int)] {
        let unit = type == .f32 || type == .f16 || type == .bf16 ? 7 : max(32, type.elementsPerBlock)
        return [
            (1, unit, 1), (3, 2 * unit, 1), (5, 3 * unit, 2), (16, 4 * unit, 1), (17, 5 * unit, 5), (33, 6 * unit, 8),
            (31, 7 * unit, 11), (16, unit * (2048 / unit + 3), 6), (7, unit * (4096 / unit + 1), 1),
            (19, 9 * unit, 17), (2, unit, 12),
        ]
    }

    /// Every token count up to several tiles, over several panels and a tail.
    private static func panelShapes(_ type: TensorType) -> [(rows: Int, columns: Int, tokens: Int)] {
        (1...18).map { (rows: 32 + $0 % 3, columns: max(64, type.elementsPerBlock), tokens: $0) }
            + [(48, max(96, type.elementsPerBlock), 67)]
    }

    @Test("every variant agrees with the portable definition", arguments: TensorType.allCases)
    func variantsAgree(type: TensorType) {
        var generator = SplitMix64(seed: UInt64(type.rawValue))
        for shape in MultiplyTests.shapes(type) {
            let weights = RandomTensor(type, rows: shape.rows, columns: shape.columns, using: &generator)
            let input = MultiplyTests.randomInput(shape.tokens, shape.columns, &generator)
            let expected = MultiplyTests.multiply(weights, input, .portable)
            let tolerance = 2e-6 * MultiplyTests.magnitude(weights, input)
            for variant in supportedInstructionSets {
                let found = MultiplyTests.multiply(weights, input, variant)
                let worst = zip(expected, found).map { abs($0 - $1) }.max()!
                #expect(worst <= tolerance, "\(variant) \(type) \(shape): off by \(worst), allowed \(tolerance)")
            }
        }
    }

    @Test("panels give the product that rows give", arguments: TensorType.allCases.filter(\.supportsPanels))
    func panelsAgree(type: TensorType) {
        var generator = SplitMix64(seed: UInt64(type.rawValue) + 100)
        for shape in MultiplyTests.shapes(type) + MultiplyTests.panelShapes(type) {
            let weights = RandomTensor(type, rows: shape.rows, columns: shape.columns, using: &generator)
            let input = MultiplyTests.randomInput(shape.tokens, shape.columns, &generator)
            let expected = MultiplyTests.multiply(weights, input, .portable)
            let tolerance = 2e-6 * MultiplyTests.magnitude(weights, input)
            weights.pack()
            for variant in supportedInstructionSets {
                let found = MultiplyTests.multiply(weights, input, variant)
                let worst = zip(expected, found).map { abs($0 - $1) }.max()!
                #expect(worst <= tolerance, "\(variant) \(type) \(shape): off by \(worst), allowed \(tolerance)")
            }
        }
    }

    @Test("the product is near that of dequantized weights and unquantized input", arguments: TensorType.allCases)
    func nearExactProduct(type: TensorType) {
        var generator = SplitMix64(seed: 77)
        let weights = RandomTensor(type, rows: 9, columns: 512, using: &generator)
        let input = MultiplyTests.randomInput(3, 512, &generator)
        let found = MultiplyTests.multiply(weights, input, .portable)
        for row in 0..<9 {
            let exact = weights.dequantized(row: row)
            // Rounding to 1/127 of the largest of 32 values: the sum's error grows with the root of the column count.
            let largest = exact.map(abs).max()!
            let tolerance: Float = type.isQuantized ? largest * Float(512).squareRoot() * 0.02 : 1e-4
            for token in 0..<3 {
                let sum = zip(exact, input[token]).reduce(Float(0)) { $0 + $1.0 * $1.1 }
                #expect(abs(sum - found[token * 9 + row]) < tolerance)
            }
        }
    }

    @Test("a token's product is the same, bit for bit, in every batch", arguments: TensorType.allCases)
    func batches(type: TensorType) {
        var generator = SplitMix64(seed: UInt64(type.rawValue) + 200)
        let columns = type.isQuantized ? 2048 + max(96, type.elementsPerBlock) : 45
        let weights = RandomTensor(type, rows: 35, columns: columns, using: &generator)
        let input = MultiplyTests.randomInput(19, columns, &generator)
        for isPacked in [false, true] where !isPacked || type.supportsPanels {
            if isPacked { weights.pack() }
            for variant in supportedInstructionSets {
                let whole = MultiplyTests.multiply(weights, input, variant)
                for tokens in [0..<1, 1..<3, 3..<6, 6..<14, 0..<17] {
                    let part = MultiplyTests.multiply(weights, Array(input[tokens]), variant)
                    let expected = Array(whole[tokens.lowerBound * 35..<tokens.upperBound * 35])
                    #expect(part == expected, "\(variant) \(type) \(tokens)")
                }
            }
        }
    }

    @Test("disjoint row ranges together make the whole product")
    func rowRanges() {
        var generator = SplitMix64(seed: 5)
        let weights = RandomTensor(.q4_1, rows: 50, columns: 96, using: &generator)
        for tokens in [1, 9, 3, 21] {
            if tokens == 3 { weights.pack() }
            let input = MultiplyTests.randomInput(tokens, 96, &generator)
            for variant in supportedInstructionSets {
                let whole = MultiplyTests.multiply(weights, input, variant)
                let parts = MultiplyTests.multiply(
                    weights, input, variant, ranges: [0..<16, 16..<32, 32..<32, 32..<50])
                #expect(whole == parts)
            }
        }
    }

    /// The largest sum of magnitudes: what rounding errors are relative to.
    private static func magnitude(_ weights: RandomTensor, _ input: [[Float]]) -> Float {
        let largestInput = input.joined().map(abs).max()!
        return (0..<weights.view.rows).map { row in
            weights.dequantized(row: row).reduce(Float(0)) { $0 + abs($1) } * largestInput
        }.max()!
    }

    private static func randomInput(_ tokens: Int, _ columns: Int, _ generator: inout SplitMix64) -> [[Float]] {
        (0..<tokens).map { _ in (0..<columns).map { _ in generator.float(in: -1...1) } }
    }

    private static func multiply(
        _ weights: RandomTensor, _ input: [[Float]], _ variant: InstructionSet, ranges: [Range<Int>]? = nil
    ) -> [Float] {
        let kernels = Kernels(variant)
        var activations = Activations(capacity: input.count, columns: weights.view.columns)
        activations.rows = input.count
        for (token, row) in input.enumerated() {
            activations.withRow(token) { floats in
                for (column, value) in row.enumerated() { floats[column] = value }
            }
        }
        kernels.quantize(activations, rows: 0..<input.count)
        var output = Matrix(capacity: input.count, columns: weights.view.rows)
        output.rows = input.count
        let workspace = MultiplyWorkspace()
        for range in ranges ?? [0..<weights.view.rows] {
            kernels.multiply(weights.view, rows: range, by: activations, into: output, workspace: workspace)
        }
        var result: [Float] = []
        for token in 0..<input.count {
            for row in 0..<weights.view.rows { result.append(output[token, row]) }
        }
        return result
    }
}
