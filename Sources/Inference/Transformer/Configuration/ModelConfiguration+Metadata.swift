import ModelFormats
import Tensor

extension ModelConfiguration {
    /// Reads and checks a model's shape. The tensors' own shapes are left to whoever loads them.
    public init(_ file: ModelContainer) throws(ModelConfigurationError) {
        let architecture = try Self.architecture(file)
        let metadata = ArchitectureMetadata(file: file, prefix: architecture.rawValue)
        try Self.refuseUnsupported(metadata)

        self.architecture = architecture
        name = file["general.name"]?.string ?? architecture.rawValue
        layerCount = try metadata.positive("block_count", limit: ModelLimits.layerCountMax)
        embeddingLength = try metadata.positive("embedding_length", limit: ModelLimits.widthMax)
        feedForwardLength = try metadata.positive("feed_forward_length", limit: ModelLimits.widthMax)
        contextLength = try metadata.positive("context_length", limit: ModelLimits.contextLengthMax)
        rmsNormEpsilon = try metadata.positiveFloat("attention.layer_norm_rms_epsilon")

        let heads = try Self.heads(metadata, embeddingLength: embeddingLength)
        headCount = heads.count
        keyValueHeadCount = heads.keyValueCount
        headDimension = heads.dimension

        vocabularySize = try Self.vocabularySize(metadata, embeddingLength: embeddingLength)
        hasTiedEmbeddings = file.tensor(named: "output.weight") == nil
        hasAttentionBiases = try Self.hasAttentionBiases(file)
        rope = try Rope(metadata, architecture, headDimension: headDimension)
    }

    private static func architecture(_ file: ModelContainer) throws(ModelConfigurationError) -> Architecture {
        let key = "general.architecture"
        guard let value = file[key] else { throw .missing(key: key) }
        guard let name = value.string else { throw .wrongType(key: key, expected: "a string") }
        guard let architecture = Architecture(rawValue: name) else {
            throw .unsupported(key: key, what: "architecture '" + name + "'")
        }
        return architecture
    }

    /// Features that change the computation and that the forward pass does not have.
    private static func refuseUnsupported(_ metadata: ArchitectureMetadata) throws(ModelConfigurationError) {
        if let experts = try metadata.integer("expert_count"), experts > 0 {
            throw .unsupported(key: metadata.key("expert_count"), what: "a mixture of \(experts) experts")
        }
        if let window = try metadata.integer("attention.sliding_window"), window > 0,
            window < (try metadata.integer("context_length")) ?? 0
        {
            throw .unsupported(key: metadata.key("attention.sliding_window"), what: "a sliding window of \(window)")
        }
        if metadata.file[metadata.key("attention.causal")]?.bool == false {
            throw .unsupported(key: metadata.key("attention.causal"), what: "attention that is not causal")
        }
        for name in [
            "logit_scale", "embedding_scale", "residual_scale", "attention.scale",
            "attn_logit_softcapping", "final_logit_softcapping",
        ] {
            if let scale = metadata.file[metadata.key(name)]?.number, scale != 0, scale != 1 {
                throw .unsupported(key: metadata.key(name), what: "this scaling")
            }
        }
    }

    private static func heads(
        _ metadata: ArchitectureMetadata, embeddingLength: Int
    ) throws(ModelConfigurationError) -> (count: Int, keyValueCount: Int, dimension: Int) {
        let count = try metadata.positive("attention.head_count", limit: ModelLimits.headCountMax)
        let keyValueKey = "attention.head_count_kv"
        let keyValueCount = try metadata.positive(keyValueKey, limit: ModelLimits.headCountMax, default: count)
        guard count % keyValueCount == 0 else {
            throw .contradiction(
                key: metadata.key(keyValueKey),
                reason: "\(count) query heads are not a multiple of \(keyValueCount)")
        }
        let keyLength = try metadata.integer("attention.key_length")
        if keyLength == nil, embeddingLength % count != 0 {
            throw .contradiction(
                key: metadata.key("attention.head_count"),
                reason: "\(embeddingLength) elements do not divide into \(count) heads")
        }
        let dimension = keyLength ?? embeddingLength / count
        guard dimension > 0, dimension % 2 == 0, dimension <= ModelLimits.widthMax else {
            throw .invalid(
                key: metadata.key("attention.key_length"),
                reason: "a head of \(dimension) elements is not possible (it must be even)")
        }
        if let valueLength = try metadata.integer("attention.value_length"), valueLength != dimension {
            throw .unsupported(
                key: metadata.key("attention.value_length"),
                what: "a value length (\(valueLength)) other than the key length (\(dimension))")
        }
        return (count, keyValueCount, dimension)
    }

    private static func vocabularySize(
        _ metadata: ArchitectureMetadata, embeddingLength: Int
    ) throws(ModelConfigurationError) -> Int {
        let name = "token_embd.weight"
        guard let embedding = metadata.file.tensor(named: name) else { throw .missingTensor(name: name) }
        guard embedding.columnCount == embeddingLength else {
            throw .contradiction(
                key: metadata.key("embedding_length"),
                reason: "\(embeddingLength), but '\(name)' has rows of \(embedding.columnCount)")
        }
        let size = embedding.rowCount
        guard size <= ModelLimits.vocabularySizeMax else {
            throw .invalid(key: name, reason: "\(size) rows are more than the \(ModelLimits.vocabularySizeMax) allowed")
        }
        if let stated = try metadata.integer("vocab_size"), stated != size {
            throw .contradiction(
                key: metadata.key("vocab_size"),
                reason: "\(stated), but '\(name)' has \(size) rows")
        }
        if let tokens = metadata.file["tokenizer.ggml.tokens"]?.array, tokens.count > size {
            throw .contradiction(
                key: "tokenizer.ggml.tokens",
                reason: "\(tokens.count) tokens, but '\(name)' has \(size) rows")
        }
        return size
    }

    private static func hasAttentionBiases(_ file: ModelContainer) throws(ModelConfigurationError) -> Bool {
        let names = ["blk.0.attn_q.bias", "blk.0.attn_k.bias", "blk.0.attn_v.bias"]
        let present = names.filter { file.tensor(named: $0) != nil }
        guard present.count == 0 || present.count == names.count else {
            throw .missingTensor(name: names.first { !present.contains($0) } ?? names[0])
        }
        return !present.isEmpty
    }
}

extension ModelConfiguration.Rope {
    fileprivate init(
        _ metadata: ArchitectureMetadata, _ architecture: ModelConfiguration.Architecture, headDimension: Int
    ) throws(ModelConfigurationError) {
        let key = "rope.dimension_count"
        dimensionCount = try metadata.positive(key, limit: ModelLimits.widthMax, default: headDimension)
        guard dimensionCount % 2 == 0, dimensionCount <= headDimension else {
            throw .invalid(
                key: metadata.key(key),
                reason: "\(dimensionCount) is odd or more than the head's \(headDimension)")
        }
        frequencyBase = try metadata.positiveFloat("rope.freq_base", default: 10_000)
        pairing =
            switch architecture {
            case .llama, .mistral, .smollm: .interleaved
            case .qwen2: .halves
            }
        scaling = try Scaling(metadata)
        let factors = metadata.file.tensor(named: "rope_freqs.weight")
        if let factors, factors.type != .f32 || factors.elementCount != dimensionCount / 2 {
            throw .contradiction(
                key: metadata.key(key),
                reason: "'rope_freqs.weight' must be \(dimensionCount / 2) elements of F32")
        }
        hasFrequencyFactors = factors != nil
    }
}

extension ModelConfiguration.Rope.Scaling {
    fileprivate init(_ metadata: ArchitectureMetadata) throws(ModelConfigurationError) {
        let typeKey = metadata.key("rope.scaling.type")
        guard let value = metadata.file[typeKey] else {
            // The key that older files have.
            let factor = try metadata.positiveFloat("rope.scale_linear", default: 1)
            self = factor == 1 ? .none : .linear(factor: factor)
            return
        }
        guard let type = value.string else { throw .wrongType(key: typeKey, expected: "a string") }
        switch type {
        case "none":
            self = .none
        case "linear":
            self = .linear(factor: try metadata.positiveFloat("rope.scaling.factor"))
        case "llama3":
            let low = try metadata.positiveFloat("rope.scaling.low_freq_factor", default: 1)
            let high = try metadata.positiveFloat("rope.scaling.high_freq_factor", default: 4)
            guard high > low else {
                throw .invalid(key: metadata.key("rope.scaling.high_freq_factor"), reason: "must exceed the low one")
            }
            self = .llama3(
                factor: try metadata.positiveFloat("rope.scaling.factor"),
                lowFrequencyFactor: low, highFrequencyFactor: high,
                originalContextLength: try metadata.positive(
                    "rope.scaling.original_context_length",
                    limit: ModelLimits.contextLengthMax))
        default:
            throw .unsupported(key: typeKey, what: "RoPE scaling '" + type + "'")
        }
    }
}
