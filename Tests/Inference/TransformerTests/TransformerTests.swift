import ModelFixtures
import ModelFormats
import Tensor
import TestSupport
import Testing
import Transformer

@Suite("The transformer's forward pass")
struct TransformerTests {
    /// Shapes that between them have every tensor type and every feature.
    static let shapes: [RandomModel.Shape] = [
        .init(types: [.q4_0, .q4_1, .q5_0, .q5_1, .q8_0]),
        .init(
            architecture: "qwen2", vocabulary: 37, embedding: 256, feedForward: 512, heads: 8, keyValueHeads: 2,
            types: [.q4_K, .q5_K, .q6_K], hasBiases: true, hasHead: true,
            metadata: [("rope.scaling.type", .string("linear")), ("rope.scaling.factor", .float32(2))]),
        .init(
            vocabulary: 19, embedding: 36, feedForward: 50, heads: 3, keyValueHeads: 3, types: [.f32, .f16, .bf16],
            hasHead: true, hasFrequencyFactors: true),
        .init(
            architecture: "mistral", embedding: 96, feedForward: 160, heads: 6, keyValueHeads: 1, layers: 3,
            types: [.q8_0, .f16, .q4_1, .q5_1], metadata: [("rope.dimension_count", .uint32(8))]),
    ]

    /// The largest difference that eight-bit activations may make, relative to the largest logit. Random models have no
    /// outliers, which leaves them the whole rounding error.
    static let tolerance: Float = 0.03

    static func transformer(
        _ model: RandomModel, _ variant: InstructionSet, sequences: Int = 3, cached: Int = 1024, logitsRows: Int = 4
    ) throws -> Transformer {
        let capacity = TransformerCapacity(
            contextLength: 256, sequenceCount: sequences, cachedTokenCount: cached, batchTokenCount: 100,
            logitsRowCount: logitsRows)
        return Transformer(try model.weights(), capacity: capacity, instructionSet: variant)
    }

    static func tokens(_ count: Int, _ model: RandomModel, seed: UInt64) -> [TokenID] {
        var generator = SplitMix64(seed: seed)
        let vocabulary = TokenID(model.configuration.vocabularySize)
        return (0..<count).map { _ in TokenID.random(in: 0..<vocabulary, using: &generator) }
    }

    static func expectNear(_ found: [[Float]], _ expected: [[Float]], _ tolerance: Float, _ comment: Comment) {
        let largest = expected.joined().map(abs).max()!
        let worst = zip(found.joined(), expected.joined()).map { abs($0 - $1) }.max()!
        #expect(found.count == expected.count, comment)
        #expect(worst <= tolerance * largest, comment)
    }

    @Test("agrees with a naive float reference", arguments: shapes.indices)
    func reference(index: Int) throws {
        let model = try RandomModel(Self.shapes[index], seed: UInt64(index))
        // More than a page of positions, so that attention crosses pages.
        let tokens = Self.tokens(70, model, seed: 9)
        let expected = NaiveTransformer(model: model).logits(tokens)
        for variant in supportedInstructionSets {
            var transformer = try Self.transformer(model, variant)
            let opened = transformer.openSequence(reserving: 80)
            let sequence = try #require(opened)
            let found = transformer.run(tokens, sequence, .all)
            #expect(transformer.length(of: sequence) == 70)
            Self.expectNear(found, expected, Self.tolerance, "shape \(index), \(variant)")
        }
    }

    @Test("one by one, in chunks, and next to other sequences give the same", arguments: supportedInstructionSets)
    func batching(variant: InstructionSet) throws {
        let model = try RandomModel(Self.shapes[0], seed: 3)
        let (tokens, others) = (Self.tokens(40, model, seed: 1), Self.tokens(25, model, seed: 2))
        var transformer = try Self.transformer(model, variant)
        let ids = try (0..<3).map { _ in
            let opened = transformer.openSequence(reserving: 64)
            return try #require(opened)
        }

        let whole = transformer.run(tokens, ids[0], .all)
        let single = tokens.flatMap { transformer.run([$0], ids[1], .all) }
        Self.expectNear(single, whole, Self.tolerance, "one by one")

        var mixed: [[Float]] = []
        transformer.truncate(ids[0], to: 0)
        for start in stride(from: 0, to: 40, by: 8) {
            var batch = Batch()
            batch.append(others[start / 2..<start / 2 + 4], to: ids[2], logits: .last)
            batch.append(tokens[start..<start + 8], to: ids[0], logits: .all)
            mixed += transformer.run(batch).dropFirst()
        }
        Self.expectNear(mixed, whole, Self.tolerance, "chunks of eight beside another sequence")
    }

    @Test("rows of logits come in batch order, also beyond those held at once")
    func logitsRows() throws {
        let model = try RandomModel(Self.shapes[2], seed: 5)
        let tokens = Self.tokens(9, model, seed: 6)
        let expected = NaiveTransformer(model: model).logits(tokens)
        var transformer = try Self.transformer(model, .portable, logitsRows: 2)
        let opened = transformer.openSequence(reserving: 9)
        let sequence = try #require(opened)
        Self.expectNear(transformer.run(tokens, sequence, .all), expected, Self.tolerance, "all")
        // Read again, from the end to the beginning.
        for row in (0..<9).reversed() {
            let found = transformer.withLogits(row: row) { logits in logits.withUnsafeBufferPointer { Array($0) } }
            Self.expectNear([found], [expected[row]], Self.tolerance, "row \(row)")
        }
        transformer.truncate(sequence, to: 4)
        #expect(transformer.run(tokens[4..<6], sequence, .none).isEmpty)
        Self.expectNear(transformer.run(tokens[6...], sequence, .last), [expected[8]], Self.tolerance, "last")
    }

    @Test("a row's logits are the same bits, whichever other rows get some", arguments: supportedInstructionSets)
    func wantedRows(variant: InstructionSet) throws {
        let model = try RandomModel(Self.shapes[0], seed: 11)
        let tokens = (0..<3).map { Self.tokens(11, model, seed: UInt64(20 + $0)) }
        var transformer = try Self.transformer(model, variant)
        let ids = try (0..<3).map { _ in
            let opened = transformer.openSequence(reserving: 16)
            return try #require(opened)
        }
        func run(_ wanted: [Batch.LogitsWanted]) -> [[Float]] {
            for id in ids { transformer.truncate(id, to: 0) }
            var batch = Batch()
            for index in 0..<3 { batch.append(tokens[index], to: ids[index], logits: wanted[index]) }
            return transformer.run(batch)
        }
        let all = run([.all, .all, .all])
        #expect(run([.none, .last, .all]) == [all[21]] + all[22...])
        #expect(run([.last, .none, .last]) == [all[10], all[32]])
        #expect(run([.none, .none, .none]).isEmpty)
        // What the last run has left in the cache is whole all the same.
        let next = transformer.run([7], ids[1], .last)
        _ = run([.all, .all, .all])
        #expect(transformer.run([7], ids[1], .last) == next)
    }

    @Test("an abandoned pass leaves its sequences as they were")
    func abandon() throws {
        let model = try RandomModel(Self.shapes[0], seed: 7)
        let tokens = Self.tokens(12, model, seed: 8)
        var transformer = try Self.transformer(model, supportedInstructionSets.last!)
        let opened = transformer.openSequence(reserving: 12)
        let sequence = try #require(opened)
        _ = transformer.run(tokens[..<6], sequence, .none)
        var batch = Batch()
        batch.append(tokens[6...].reversed(), to: sequence, logits: .last)
        transformer.begin(batch)
        _ = transformer.advance()
        transformer.abandon()
        #expect(transformer.length(of: sequence) == 6)
        #expect(transformer.logitsRowCount == 0)
        let found = transformer.run(tokens[6...], sequence, .last)
        Self.expectNear(
            found, [NaiveTransformer(model: model).logits(tokens).last!], Self.tolerance, "after abandoning")
    }

    @Test("a pass takes a slice a layer and one for the logits")
    func slices() throws {
        let model = try RandomModel(Self.shapes[3], seed: 7)
        var transformer = try Self.transformer(model, .portable)
        let opened = transformer.openSequence(reserving: 1)
        let sequence = try #require(opened)
        var batch = Batch()
        batch.append(CollectionOfOne(1), to: sequence, logits: .last)
        transformer.begin(batch)
        var slices = 1
        while !transformer.advance() { slices += 1 }
        #expect(slices == model.configuration.layerCount + 1)
    }

    @Test("sequences get all the pages they reserve, or are refused")
    func pool() throws {
        let model = try RandomModel(Self.shapes[0], seed: 7)
        var transformer = try Self.transformer(model, .portable, sequences: 2, cached: 4 * 64)
        let first = transformer.openSequence(reserving: 65)
        #expect(first != nil)
        #expect(transformer.openSequence(reserving: 129) == nil, "two pages are left")
        let second = transformer.openSequence(reserving: 64)
        #expect(second != nil)
        #expect(transformer.openSequence(reserving: 1) == nil, "a page is left, but no sequence")
        transformer.closeSequence(try #require(first))
        #expect(transformer.openSequence(reserving: 192) != nil, "the closed sequence's pages are free again")
    }

    @Test("a sequence that shares another's beginning continues as if it had computed it", arguments: [64, 70, 100])
    func sharing(length: Int) throws {
        let model = try RandomModel(Self.shapes[0], seed: 7)
        let tokens = Self.tokens(110, model, seed: 8)
        var transformer = try Self.transformer(model, supportedInstructionSets.last!)
        let opened = transformer.openSequence(reserving: 192)
        let first = try #require(opened)
        _ = transformer.run(tokens[..<100], first, .none)
        var prefix = KVPrefix()
        for page in 0..<((length + 63) / 64) {
            prefix.append(transformer.page(page, of: first), tokenCount: min(length - page * 64, 64))
        }
        let fork = transformer.openSequence(reserving: 120, sharing: prefix)
        let second = try #require(fork)
        let shared = (0..<2).map { transformer.isShared(transformer.page($0, of: first)) }
        #expect(shared == [true, false], "what is written to is copied")
        let start = transformer.length(of: second)
        #expect(start == length)
        // The first goes on elsewhere: that must not show.
        _ = transformer.run(tokens[..<10], first, .none)
        transformer.closeSequence(first)
        let found = transformer.run(tokens[length...], second, .last)
        let expected = NaiveTransformer(model: model).logits(tokens).last!
        Self.expectNear(found, [expected], Self.tolerance, "\(length) tokens shared")
        transformer.closeSequence(second)
        #expect(transformer.freePageCount == transformer.pageCount)
    }

    @Test("a page that somebody holds outlives its sequence")
    func holding() throws {
        let model = try RandomModel(Self.shapes[0], seed: 7)
        var transformer = try Self.transformer(model, .portable, sequences: 2, cached: 4 * 64)
        let opened = transformer.openSequence(reserving: 256)
        let sequence = try #require(opened)
        let page = transformer.page(3, of: sequence)
        transformer.retain(page)
        transformer.closeSequence(sequence)
        #expect(transformer.freePageCount == 3)
        let refused = transformer.openSequence(reserving: 193)
        #expect(refused == nil)
        transformer.release(page)
        let accepted = transformer.openSequence(reserving: 193)
        #expect(accepted != nil)
    }
}
