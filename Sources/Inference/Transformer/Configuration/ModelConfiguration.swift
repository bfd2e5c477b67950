import ModelFormats

/// The shape of a llama-family transformer, as a GGUF file's metadata and tensor directory state it.
public struct ModelConfiguration: Equatable, Sendable {
    public let architecture: Architecture
    /// `general.name`, or the architecture's name.
    public let name: String
    public let layerCount: Int
    /// Width of the residual stream.
    public let embeddingLength: Int
    /// Width of the gated feed-forward layer.
    public let feedForwardLength: Int
    /// Query heads of a layer.
    public let headCount: Int
    /// Key and value heads of a layer; divides `headCount`.
    public let keyValueHeadCount: Int
    /// Elements of one head's query, key and value; even.
    public let headDimension: Int
    /// Tokens that the model was made for.
    public let contextLength: Int
    /// Rows of the embedding and of the output head.
    public let vocabularySize: Int
    /// The epsilon inside RMS normalisation.
    public let rmsNormEpsilon: Float
    public let rope: Rope
    /// The output head is the embedding matrix: the file has no `output.weight`.
    public let hasTiedEmbeddings: Bool
    /// Query, key and value projections have biases.
    public let hasAttentionBiases: Bool

    public enum Architecture: String, CaseIterable, Sendable {
        /// Also stands for mistral and smollm in most files.
        case llama
        case mistral
        case smollm
        case qwen2
    }

    /// Rotary position embedding.
    public struct Rope: Equatable, Sendable {
        /// How many of a head's elements are rotated, from the first on; even.
        public let dimensionCount: Int
        public let frequencyBase: Float
        public let pairing: Pairing
        public let scaling: Scaling
        /// The tensor `rope_freqs.weight` (`dimensionCount / 2` floats) divides the frequencies, as Llama 3.1 has it.
        public let hasFrequencyFactors: Bool

        /// Which elements of a head are rotated together.
        public enum Pairing: Sendable {
            /// Elements 2i and 2i + 1 (GGUF's llama; "NORM" in GGML).
            case interleaved
            /// Elements i and i + dimensionCount / 2 ("NEOX").
            case halves
        }

        public enum Scaling: Equatable, Sendable {
            case none
            /// Positions are divided by `factor`.
            case linear(factor: Float)
            /// Llama 3.1's scaling by wavelength, given as numbers and not as `rope_freqs.weight`.
            case llama3(
                factor: Float, lowFrequencyFactor: Float, highFrequencyFactor: Float,
                originalContextLength: Int)
        }
    }

    /// Width of all key heads, and of all value heads, of one layer.
    public var keyValueLength: Int { keyValueHeadCount * headDimension }
    /// Width of all query heads of one layer.
    public var queryLength: Int { headCount * headDimension }
}
