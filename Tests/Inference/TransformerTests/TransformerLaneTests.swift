import AllocationCount
import Glibc
import LaneThreads
import ModelFixtures
import Synchronization
import Tensor
import Testing
import Transformer

@Suite("The transformer on several cores", .timeLimit(.minutes(1)))
struct TransformerLaneTests {
    /// Runs `body` with a transformer that `participants` threads compute.
    static func withTransformer<Result>(
        _ model: RandomModel, _ variant: InstructionSet, participants: Int,
        _ body: (inout Transformer, LaneCrew) throws -> Result
    ) throws -> Result {
        let threads = LaneThreads(participantCount: participants)
        defer { threads.stop() }
        let capacity = TransformerCapacity(
            contextLength: 256, sequenceCount: 3, cachedTokenCount: 1024, batchTokenCount: 100, logitsRowCount: 4)
        var transformer = Transformer(
            try model.weights(), capacity: capacity, instructionSet: variant, crew: threads.crew)
        return try body(&transformer, threads.crew)
    }

    /// All logits of a prompt, of single tokens after it, and of a batch of two sequences.
    static func logits(_ model: RandomModel, _ transformer: inout Transformer) throws -> [[Float]] {
        let tokens = TransformerTests.tokens(90, model, seed: 4)
        let ids = try (0..<2).map { _ in
            let opened = transformer.openSequence(reserving: 128)
            return try #require(opened)
        }
        var logits = transformer.run(tokens[..<70], ids[0], .all)
        for token in tokens[70..<80] { logits += transformer.run([token], ids[0], .last) }
        var batch = Batch()
        batch.append(tokens[..<21], to: ids[1], logits: .all)
        batch.append(tokens[80...], to: ids[0], logits: .all)
        return logits + transformer.run(batch)
    }

    @Test(
        "gives the same logits, bit by bit, however many cores share a pass",
        arguments: TransformerTests.shapes.indices)
    func sameLogits(index: Int) throws {
        let model = try RandomModel(TransformerTests.shapes[index], seed: UInt64(index))
        for variant in supportedInstructionSets {
            let expected = try Self.withTransformer(model, variant, participants: 1) { transformer, _ in
                try Self.logits(model, &transformer)
            }
            for participants in 2...4 {
                let found = try Self.withTransformer(model, variant, participants: participants) { transformer, _ in
                    try Self.logits(model, &transformer)
                }
                #expect(found == expected, "\(variant), \(participants) cores")
            }
        }
    }

    @Test("allocates nothing during a pass, on any core", arguments: 1...3)
    func allocations(participants: Int) throws {
        guard allocation_count_is_available() else { return }
        let model = try RandomModel(TransformerTests.shapes[0], seed: 1)
        for variant in supportedInstructionSets {
            try Self.withTransformer(model, variant, participants: participants) { transformer, crew in
                let opened = transformer.openSequence(reserving: 256)
                let sequence = try #require(opened)
                // The first pass resolves symbols and metadata, once a process.
                var batches = [100, 1, 1, 5, 1].map { count in
                    var batch = Batch()
                    batch.append(TransformerTests.tokens(count, model, seed: 2)[...], to: sequence, logits: .last)
                    return batch
                }
                pass(batches.removeFirst(), &transformer)
                watchEveryThread(of: crew, participants, false)
                watchEveryThread(of: crew, participants, true)
                let before = allocation_count()
                // Not `for batch in`: without optimisation the iterator allocates.
                var index = 0
                while index < batches.count {
                    pass(batches[index], &transformer)
                    index += 1
                }
                let allocations = allocation_count() - before
                watchEveryThread(of: crew, participants, false)
                #expect(allocations == 0, "\(variant)")
            }
        }
    }

    @Test("the counter that says so sees allocations on every core")
    func counter() throws {
        guard allocation_count_is_available() else { return }
        let threads = LaneThreads(participantCount: 3)
        defer { threads.stop() }
        watchEveryThread(of: threads.crew, 3, true)
        let before = allocation_count()
        onEveryThread(of: threads.crew, 3) { UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8).deallocate() }
        let allocations = allocation_count() - before
        watchEveryThread(of: threads.crew, 3, false)
        #expect(allocations >= 3)
    }

    private func pass(_ batch: Batch, _ transformer: inout Transformer) {
        transformer.begin(batch)
        while !transformer.advance() {}
    }

    private func watchEveryThread(of crew: LaneCrew, _ participants: Int, _ isWatched: Bool) {
        onEveryThread(of: crew, participants) { allocation_count_watch_thread(isWatched) }
    }

    /// Once on every thread. Who gets a chunk is nobody's promise, so phases are run until each has had one.
    private func onEveryThread(of crew: LaneCrew, _ participants: Int, _ body: () -> Void) {
        final class Mark: Sendable {
            let isSet = Atomic<Bool>(false)
        }
        let marks = (0..<participants).map { _ in Mark() }
        while !marks.allSatisfy({ $0.isSet.load(ordering: .relaxed) }) {
            crew.run(chunkCount: 4 * participants) { _, participant in
                if !marks[participant].isSet.exchange(true, ordering: .relaxed) { body() }
                usleep(20)
            }
        }
    }
}
