import TestSupport
import Tensor
import Testing

@Suite("Element-wise steps and attention", .serialized)
struct ElementwiseTests {
    private static func matrix(_ rows: Int, _ columns: Int, _ generator: inout SplitMix64) -> Matrix {
        var matrix = Matrix(capacity: rows, columns: columns)
        matrix.rows = rows
        for row in 0..<rows {
            for column in 0..<columns { matrix[row, column] = generator.float(in: -3...3) }
        }
        return matrix
    }

    private static func floats(_ matrix: borrowing Matrix) -> [Float] {
        var result: [Float] = []
        for row in 0..<matrix.rows {
            for column in 0..<matrix.columns { result.append(matrix[row, column]) }
        }
        return result
    }

    private static func expectNear(_ found: [Float], _ expected: [Float], _ tolerance: Float = 1e-5) {
        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) })
    }

    @Test("RMS normalisation, with tails", arguments: supportedInstructionSets)
    func normalize(variant: InstructionSet) {
        var generator = SplitMix64(seed: 1)
        for columns in [1, 6, 32, 45, 96] {
            let input = Self.matrix(3, columns, &generator)
            let weight = (0..<columns).map { _ in generator.float(in: 0...2) }
            var output = Activations(capacity: 3, columns: columns)
            output.rows = 3
            // Two workers' shares.
            for rows in [0..<1, 1..<3] {
                Kernels(variant).normalize(input, rows: rows, weight: weight, epsilon: 1e-5, into: output)
            }
            var expected: [Float] = []
            for row in 0..<3 {
                let values = (0..<columns).map { input[row, $0] }
                let meanSquare = values.reduce(Float(0)) { $0 + $1 * $1 } / Float(columns)
                expected += zip(values, weight).map { $0 / (meanSquare + 1e-5).squareRoot() * $1 }
            }
            Self.expectNear(Self.floats(output.values), expected)
        }
    }

    @Test("SwiGLU's gate, extremes included", arguments: supportedInstructionSets)
    func gate(variant: InstructionSet) {
        var generator = SplitMix64(seed: 2)
        for columns in [3, 32, 41] {
            var gate = Self.matrix(2, columns, &generator)
            (gate[0, 0], gate[0, 1], gate[1, 0]) = (-200, 200, 0)
            let up = Self.matrix(2, columns, &generator)
            var output = Activations(capacity: 2, columns: columns)
            output.rows = 2
            for rows in [0..<1, 1..<1, 1..<2] { Kernels(variant).gate(gate, up, rows: rows, into: output) }
            let expected = zip(Self.floats(gate), Self.floats(up)).map { gate, up in
                gate == -200 ? 0 : gate / (1 + Elementary.exponential(-gate)) * up
            }
            Self.expectNear(Self.floats(output.values), expected)
        }
    }

    @Test("rotation turns pairs by position times frequency, and leaves the rest of the head")
    func rotation() {
        var generator = SplitMix64(seed: 3)
        let (frequencies, headDimension) = ([1.0, 0.25, 0.01], 8)
        for pairing in [RotaryTable.Pairing.interleaved, .halves] {
            var table = RotaryTable(capacity: 2, frequencies: frequencies)
            table.setPosition(0, row: 0)
            table.setPosition(1000, row: 1)
            let heads = Self.matrix(2, 16, &generator)
            let before = Self.floats(heads)
            for rows in [0..<1, 1..<2] {
                table.rotate(heads, rows: rows, headDimension: headDimension, pairing: pairing)
            }
            for column in 0..<16 { #expect(heads[0, column] == before[column]) }
            for head in [0, 8] {
                for pair in 0..<3 {
                    let first = head + (pairing == .interleaved ? 2 * pair : pair)
                    let second = pairing == .interleaved ? first + 1 : first + 3
                    let (sine, cosine) = Elementary.sineAndCosine(1000 * frequencies[pair])
                    let (x, y) = (before[16 + first], before[16 + second])
                    #expect(abs(heads[1, first] - (x * Float(cosine) - y * Float(sine))) < 1e-5)
                    #expect(abs(heads[1, second] - (x * Float(sine) + y * Float(cosine))) < 1e-5)
                }
                #expect(heads[1, head + 6] == before[16 + head + 6])
            }
        }
    }

    @Test("attention over scattered pages equals softmax over all positions", arguments: supportedInstructionSets)
    func attention(variant: InstructionSet) {
        var generator = SplitMix64(seed: 4)
        // Head sizes with a kernel of their own on each variant, and one without.
        for (dimension, group, count) in [(64, 3, 130), (80, 1, 64), (8, 2, 65), (6, 4, 3), (128, 8, 17), (16, 1, 1)] {
            let kernels = Kernels(variant)
            let pages = KeyValuePages(layerCount: 2, headCount: 2, headDimension: dimension, pageCount: 4)
            let keys = Self.matrix(count, 2 * dimension, &generator)
            let values = Self.matrix(count, 2 * dimension, &generator)
            let table: [Int32] = [3, 0, 2]
            for position in 0..<count {
                kernels.store(
                    keys: keys, values: values, row: position, into: pages, layer: 1, page: Int(table[position / 64]),
                    position: position % 64)
            }
            // The last `tokens` positions' tokens attend together.
            for tokens in [1, min(count, 21)] {
                let queries = Self.matrix(tokens, 2 * group * dimension, &generator)
                var output = Matrix(capacity: tokens, columns: queries.columns)
                output.rows = tokens
                let workspace = AttentionWorkspace(queryHeadsPerHead: group, headDimension: dimension)
                for heads in [0..<1, 1..<2] {
                    kernels.attend(
                        queries: queries, rows: 0..<tokens, firstPosition: count - tokens, heads: heads, over: pages,
                        layer: 1, pageTable: table.span, into: output, workspace: workspace)
                }
                // Keys and values are kept with 11 bits.
                Self.expectNear(
                    Self.floats(output), Self.attention(queries, keys, values, dimension, group), 4e-3)
            }
        }
    }

    @Test("a token attends the same, bit for bit, alone and among others", arguments: supportedInstructionSets)
    func attentionOfBatches(variant: InstructionSet) {
        var generator = SplitMix64(seed: 5)
        for (dimension, group) in [(64, 3), (80, 1), (6, 2), (128, 8)] {
            let (kernels, count) = (Kernels(variant), 70)
            let pages = KeyValuePages(layerCount: 1, headCount: 1, headDimension: dimension, pageCount: 2)
            let keys = Self.matrix(count, dimension, &generator)
            let values = Self.matrix(count, dimension, &generator)
            for position in 0..<count {
                kernels.store(
                    keys: keys, values: values, row: position, into: pages, layer: 0, page: position / 64,
                    position: position % 64)
            }
            let queries = Self.matrix(count, group * dimension, &generator)
            var whole = Matrix(capacity: count, columns: queries.columns)
            var single = Matrix(capacity: count, columns: queries.columns)
            whole.rows = count
            single.rows = count
            let workspace = AttentionWorkspace(queryHeadsPerHead: group, headDimension: dimension)
            let table: [Int32] = [0, 1]
            kernels.attend(
                queries: queries, rows: 0..<count, firstPosition: 0, heads: 0..<1, over: pages, layer: 0,
                pageTable: table.span, into: whole, workspace: workspace)
            for row in 0..<count {
                kernels.attend(
                    queries: queries, rows: row..<(row + 1), firstPosition: row, heads: 0..<1, over: pages, layer: 0,
                    pageTable: table.span, into: single, workspace: workspace)
            }
            #expect(Self.floats(whole) == Self.floats(single), "\(variant) \(dimension) \(group)")
        }
    }

    /// What the last `queries.rows` tokens attend to.
    private static func attention(
        _ queries: borrowing Matrix, _ keys: borrowing Matrix, _ values: borrowing Matrix,
        _ dimension: Int, _ group: Int
    ) -> [Float] {
        var result: [Float] = []
        for token in 0..<queries.rows {
            for head in 0..<(2 * group) {
                let shared = head / group * dimension
                let query = (0..<dimension).map { queries[token, head * dimension + $0] }
                let scores = (0...(keys.rows - queries.rows + token)).map { (position: Int) -> Float in
                    var score: Float = 0
                    for index in 0..<dimension { score += query[index] * keys[position, shared + index] }
                    return score / Float(dimension).squareRoot()
                }
                let highest = scores.max()!
                let weights = scores.map { Elementary.exponential($0 - highest) }
                let total = weights.reduce(0, +)
                for index in 0..<dimension {
                    var sum: Float = 0
                    for (position, weight) in weights.enumerated() { sum += weight * values[position, shared + index] }
                    result.append(sum / total)
                }
            }
        }
        return result
    }
}
