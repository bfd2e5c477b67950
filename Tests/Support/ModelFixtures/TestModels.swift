import ModelFormats

package enum TestModels {
    /// A llama of two layers without tokenizer, and the same with another value under some keys (nil removes the key).
    package static func tinyLlama(
        architecture: String = "llama", changing changes: [(String, GGUFBuilder.Value?)] = []
    ) -> GGUFBuilder {
        var builder = GGUFBuilder()
        builder.add("general.architecture", .string(architecture))
        builder.add("general.name", .string("Tiny"))
        builder.add("\(architecture).block_count", .uint32(2))
        builder.add("\(architecture).context_length", .uint32(128))
        builder.add("\(architecture).embedding_length", .uint32(64))
        builder.add("\(architecture).feed_forward_length", .uint32(96))
        builder.add("\(architecture).attention.head_count", .uint32(4))
        builder.add("\(architecture).attention.head_count_kv", .uint32(2))
        builder.add("\(architecture).attention.layer_norm_rms_epsilon", .float32(1e-5))
        for (key, value) in changes {
            builder.metadata.removeAll { $0.key == key }
            if let value { builder.add(key, value) }
        }
        builder.addTensor("token_embd.weight", [64, 32])
        builder.addTensor("blk.0.attn_q.weight", [64, 64], 8)
        builder.addTensor("output_norm.weight", [64])
        return builder
    }

    package static func parse(_ bytes: [UInt8]) throws(ContainerError) -> ModelContainer {
        try ModelContainer(bytes.span.bytes)
    }
}
