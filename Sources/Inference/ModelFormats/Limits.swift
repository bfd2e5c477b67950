/// Bounds on what a GGUF header may announce. A file beyond one of them is refused with the limit's name;
/// each leaves ample room over what published models hold.
public enum GGUFLimits {
    /// Metadata entries; published models have 20 to 60.
    public static let metadataCountMax = 65_536
    /// Tensors; a 126-layer model has about 1,200.
    public static let tensorCountMax = 65_536
    /// Bytes of a metadata key, as the GGUF specification has it.
    public static let keyByteCountMax = 65_535
    /// Bytes of a tensor's name. The specification says 64; llama.cpp's own bound is 64 with the terminator.
    public static let tensorNameByteCountMax = 64
    /// Dimensions of a tensor (`GGML_MAX_DIMS`).
    public static let dimensionCountMax = 4
    /// Bytes of one scalar string, which is copied (chat templates are the longest, some tens of KiB).
    public static let stringByteCountMax = 1 << 20
    /// The alignment of tensor data. 32 is usual; a page is the most that loaders ask for.
    public static let alignmentMax = 1 << 20
}

/// Bounds on a model's shape: they keep every product of two of them far from overflow, and refuse nonsense early.
public enum ModelLimits {
    /// The largest open llama-family model has 126 layers.
    public static let layerCountMax = 1_024
    /// Embedding and feed-forward widths (405B: 16,384 and 53,248).
    public static let widthMax = 1 << 20
    /// Attention heads of one layer (405B: 128).
    public static let headCountMax = 4_096
    /// Tokens of context (a few models announce ten million).
    public static let contextLengthMax = 1 << 28
    /// Vocabulary entries (the largest in use: 262,144).
    public static let vocabularySizeMax = 1 << 22
}
