import ModelFixtures
import Tensor
import Testing

@testable import Transformer

@Suite("A transformer's weights are checked once, at load")
struct TransformerWeightsTests {
    private static let shape = RandomModel.Shape(types: [.f32])

    private func error(_ change: @escaping (inout GGUFBuilder) -> Void) throws -> TransformerError? {
        let model = try RandomModel(Self.shape, seed: 1, changing: change)
        do throws(TransformerError) {
            _ = try model.weights()
            return nil
        } catch {
            return error
        }
    }

    @Test("a missing tensor is named")
    func missing() throws {
        let error = try error { $0.tensors.removeAll { $0.name == "blk.1.ffn_up.weight" } }
        #expect(error == .missingTensor(name: "blk.1.ffn_up.weight"))
        #expect(error?.description == "tensor 'blk.1.ffn_up.weight' is missing")
    }

    @Test("a tensor that the architecture has no part for is refused by name")
    func unknown() throws {
        let one = try error { $0.addTensor("blk.0.attn_q_norm.weight", [16]) }
        #expect(one == .unknownTensors(names: ["blk.0.attn_q_norm.weight"], count: 1))
        let names = ["blk.0.attn_q_norm.weight", "blk.0.attn_k_norm.weight", "output.bias", "blk.7.ffn_up.weight"]
        let many = try error { builder in for name in names { builder.addTensor(name, [16]) } }
        #expect(many == .unknownTensors(names: Array(names.prefix(3)), count: 4))
        #expect(
            many?.description == "unknown tensors 'blk.0.attn_q_norm.weight', 'blk.0.attn_k_norm.weight', "
                + "'output.bias' and 1 more: the architecture has no such part")
    }

    @Test("a wrong shape is named with both shapes")
    func wrongShape() throws {
        let error = try error { builder in
            let index = builder.tensors.firstIndex { $0.name == "blk.0.attn_k.weight" }!
            builder.tensors[index].dimensions = [64, 33]
        }
        #expect(
            error
                == .wrongShape(
                    name: "blk.0.attn_k.weight", expectedRows: 32, expectedColumns: 64, rows: 33, columns: 64))
    }

    @Test("a norm must not be quantized")
    func quantizedNorm() throws {
        let error = try error { builder in
            let index = builder.tensors.firstIndex { $0.name == "output_norm.weight" }!
            builder.tensors[index].type = TensorType.q8_0.rawValue
        }
        #expect(error == .quantizedVector(name: "output_norm.weight", type: .q8_0))
    }

    @Test("bytes that end early are refused")
    func shortFile() throws {
        let model = try RandomModel(Self.shape, seed: 1)
        #expect(throws: TransformerError.self) {
            let bytes = UnsafeRawBufferPointer(rebasing: model.bytes.dropLast(64))
            _ = try TransformerWeights(model.file, model.configuration, bytes: bytes)
        }
    }

    @Test("llama3 scaling keeps fast pairs, slows slow ones, and blends between")
    func llama3Frequencies() throws {
        let plain = try frequencies(.none)
        let scaled = try frequencies(
            .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192))
        #expect(scaled[0] == plain[0])
        #expect(scaled[63] == plain[63] / 8)
        #expect(zip(scaled, plain).allSatisfy { $0 <= $1 && $0 >= $1 / 8 })
        #expect(zip(scaled, scaled.dropFirst()).allSatisfy { $0 > $1 })
    }

    private func frequencies(_ scaling: ModelConfiguration.Rope.Scaling) throws -> [Double] {
        ModelConfiguration.Rope(
            dimensionCount: 128, frequencyBase: 500_000, pairing: .interleaved, scaling: scaling,
            hasFrequencyFactors: false
        ).frequencies(factors: [])
    }

    @Test("the memory a capacity takes is known before it is taken")
    func memory() throws {
        let model = try RandomModel(Self.shape, seed: 1)
        var capacity = TransformerCapacity(contextLength: 100, sequenceCount: 2, cachedTokenCount: 100)
        let memory = capacity.memory(for: model.configuration)
        // 2 layers x 128 positions (two pages) x 2 heads x 16 elements x (key + value) x 2 bytes
        #expect(memory.keyValueByteCount == 2 * 128 * 2 * 16 * 2 * 2)
        #expect(memory.byteCount == memory.keyValueByteCount + memory.scratchByteCount)
        capacity.batchTokenCount *= 2
        #expect(capacity.memory(for: model.configuration).scratchByteCount > memory.scratchByteCount)
    }
}
