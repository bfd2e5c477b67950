import ModelFixtures
import ModelFormats
import Testing

@testable import Transformer

@Suite("Model configuration")
struct ModelConfigurationTests {
    private func configuration(_ builder: GGUFBuilder) throws -> ModelConfiguration {
        try ModelConfiguration(try TestModels.parse(builder.build()))
    }

    @Test("a small llama, with its defaults")
    func llama() throws {
        let model = try configuration(TestModels.tinyLlama())
        #expect(model.architecture == .llama && model.name == "Tiny")
        #expect(model.layerCount == 2 && model.embeddingLength == 64 && model.feedForwardLength == 96)
        #expect(model.headCount == 4 && model.keyValueHeadCount == 2 && model.headDimension == 16)
        #expect(model.contextLength == 128 && model.vocabularySize == 32)
        #expect(model.queryLength == 64 && model.keyValueLength == 32)
        #expect(model.hasTiedEmbeddings && !model.hasAttentionBiases)
        #expect(model.rope.dimensionCount == 16 && model.rope.frequencyBase == 10_000)
        #expect(model.rope.pairing == .interleaved && model.rope.scaling == .none && !model.rope.hasFrequencyFactors)
    }

    @Test("qwen2 rotates halves and has biases; an output matrix unties the embeddings")
    func qwen2() throws {
        var builder = TestModels.tinyLlama(architecture: "qwen2")
        builder.addTensor("blk.0.attn_q.bias", [64])
        builder.addTensor("blk.0.attn_k.bias", [32])
        builder.addTensor("blk.0.attn_v.bias", [32])
        builder.addTensor("output.weight", [64, 32])
        let model = try configuration(builder)
        #expect(model.rope.pairing == .halves && model.hasAttentionBiases && !model.hasTiedEmbeddings)
    }

    @Test("RoPE scaling: linear by either key, llama3 by numbers, frequency factors by tensor")
    func ropeScaling() throws {
        let linear = TestModels.tinyLlama(changing: [
            ("llama.rope.scaling.type", .string("linear")), ("llama.rope.scaling.factor", .float32(4)),
        ])
        #expect(try configuration(linear).rope.scaling == .linear(factor: 4))
        let old = TestModels.tinyLlama(changing: [("llama.rope.scale_linear", .float32(2))])
        #expect(try configuration(old).rope.scaling == .linear(factor: 2))
        let llama3 = TestModels.tinyLlama(changing: [
            ("llama.rope.scaling.type", .string("llama3")), ("llama.rope.scaling.factor", .float32(8)),
            ("llama.rope.scaling.original_context_length", .uint32(8_192)),
        ])
        #expect(
            try configuration(llama3).rope.scaling
                == .llama3(
                    factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8_192))
        var factors = TestModels.tinyLlama()
        factors.addTensor("rope_freqs.weight", [8])
        #expect(try configuration(factors).rope.hasFrequencyFactors)
    }

    @Test("a head may be wider than the embedding's share")
    func keyLength() throws {
        let model = try configuration(TestModels.tinyLlama(changing: [("llama.attention.key_length", .uint32(32))]))
        #expect(model.headDimension == 32 && model.rope.dimensionCount == 32)
    }

    @Test(
        "what is missing, contradictory or unsupported is named",
        arguments: [
            ("general.architecture", nil, "'general.architecture' is missing"),
            ("general.architecture", .string("mamba"), "architecture 'mamba' is not supported"),
            ("llama.block_count", nil, "'llama.block_count' is missing"),
            ("llama.block_count", .string("x"), "'llama.block_count' must be an integer"),
            ("llama.block_count", .uint32(0), "0 is not within 1...1024"),
            ("llama.block_count", .int32s([1, 2]), "a value for each layer is not supported"),
            ("llama.context_length", .uint32(.max), "'llama.context_length'"),
            ("llama.embedding_length", .uint32(65), "'llama.attention.head_count' contradicts"),
            ("llama.embedding_length", .uint32(128), "'llama.embedding_length' contradicts"),
            ("llama.attention.head_count_kv", .uint32(3), "not a multiple of 3"),
            ("llama.attention.key_length", .uint32(15), "must be even"),
            ("llama.attention.value_length", .uint32(8), "'llama.attention.value_length'"),
            ("llama.attention.layer_norm_rms_epsilon", nil, "'llama.attention.layer_norm_rms_epsilon' is missing"),
            ("llama.attention.layer_norm_rms_epsilon", .float32(.nan), "must be above zero and finite"),
            ("llama.rope.freq_base", .float32(0), "'llama.rope.freq_base'"),
            ("llama.rope.dimension_count", .uint32(18), "'llama.rope.dimension_count'"),
            ("llama.rope.scaling.type", .string("yarn"), "RoPE scaling 'yarn' is not supported"),
            ("llama.expert_count", .uint32(8), "a mixture of 8 experts is not supported"),
            ("llama.attention.sliding_window", .uint32(64), "a sliding window of 64 is not supported"),
            ("llama.vocab_size", .uint32(33), "'llama.vocab_size' contradicts"),
            ("tokenizer.ggml.tokens", .strings([String](repeating: "x", count: 33)), "33 tokens"),
        ] as [(String, GGUFBuilder.Value?, String)])
    func errors(key: String, value: GGUFBuilder.Value?, message: String) {
        let error = #expect(throws: ModelConfigurationError.self) {
            try configuration(TestModels.tinyLlama(changing: [(key, value)]))
        }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test("missing tensors are named")
    func missingTensors() {
        var builder = TestModels.tinyLlama()
        builder.tensors.removeFirst()
        #expect(throws: ModelConfigurationError.missingTensor(name: "token_embd.weight")) {
            try configuration(builder)
        }
        builder = TestModels.tinyLlama()
        builder.addTensor("blk.0.attn_q.bias", [64])
        #expect(throws: ModelConfigurationError.missingTensor(name: "blk.0.attn_k.bias")) { try configuration(builder) }
    }
}
