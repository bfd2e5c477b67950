import ModelFixtures
import Tensor
import Testing
import Transformer

@testable import ModelFormats

@Suite("Weights repacked in memory, and weights packed in a file, compute the same")
struct RepackingTests {
    private static func logits(
        _ container: ModelContainer, _ bytes: UnsafeRawBufferPointer, _ variant: InstructionSet
    ) throws -> [[Float]] {
        let configuration = try ModelConfiguration(container)
        let weights = try TransformerWeights(container, configuration, bytes: bytes)
        let capacity = TransformerCapacity(
            contextLength: 64, sequenceCount: 1, cachedTokenCount: 64, batchTokenCount: 32, logitsRowCount: 32)
        var transformer = Transformer(weights, capacity: capacity, instructionSet: variant)
        let opened = transformer.openSequence(reserving: 32)
        let sequence = try #require(opened)
        let tokens = (0..<20).map { TokenID($0 * 7 % configuration.vocabularySize) }
        return transformer.run(tokens, sequence, .all)
    }

    @Test("bit for bit, in every tensor type", arguments: TransformerTests.shapes.indices)
    func sameLogits(index: Int) throws {
        let model = try RandomModel(TransformerTests.shapes[index], seed: UInt64(index))
        let asRows = try Self.logits(model.file, UnsafeRawBufferPointer(model.bytes), .portable)
        let packed = try PackedModel.pack([UInt8](model.bytes))
        var repacked = model.file
        repacked.repack(in: model.bytes, crew: LaneCrew())
        for variant in supportedInstructionSets {
            let inMemory = try Self.logits(repacked, UnsafeRawBufferPointer(model.bytes), variant)
            let inFile = try packed.withUnsafeBytes { try Self.logits(ModelContainer($0.bytes), $0, variant) }
            #expect(inMemory == inFile, "\(variant)")
            TransformerTests.expectNear(inMemory, asRows, TransformerTests.tolerance, "\(variant)")
        }
    }

    @Test("tensors keep their places, and progress ends with everything done")
    func progress() throws {
        let model = try RandomModel(TransformerTests.shapes[0], seed: 5)
        var repacked = model.file
        var notes: [(done: Int, total: Int)] = []
        repacked.repack(in: model.bytes, crew: LaneCrew()) { notes.append(($0, $1)) }
        let changed = zip(repacked.tensors, model.file.tensors).filter { $0.layout != $1.layout }
        #expect(changed.count == notes.count && !changed.isEmpty)
        #expect(notes.last?.done == notes.last?.total)
        #expect(zip(notes, notes.dropFirst()).allSatisfy { $0.done < $1.done })
        #expect(zip(repacked.tensors, model.file.tensors).allSatisfy { $0.byteRange == $1.byteRange })
    }

    @Test("repacking twice, or a packed file, changes nothing")
    func idempotent() throws {
        let model = try RandomModel(TransformerTests.shapes[0], seed: 6)
        var repacked = model.file
        repacked.repack(in: model.bytes, crew: LaneCrew())
        let once = [UInt8](model.bytes)
        repacked.repack(in: model.bytes, crew: LaneCrew())
        #expect([UInt8](model.bytes) == once)
    }
}
