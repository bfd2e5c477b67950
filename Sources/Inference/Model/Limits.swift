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

/// Bounds on what a request may ask of a sampler.
public enum SamplingLimits {
    /// Beyond this every token is as likely as any other.
    public static let temperatureMax: Float = 100
    /// Absolute value of the presence and frequency penalties (OpenAI's API allows 2).
    public static let penaltyMax: Float = 100
    /// Factor of the repetition penalty.
    public static let repetitionPenaltyMax: Float = 100
    /// Tokens that penalties look back at: each sampled token costs a walk over their distinct ones.
    public static let penaltyWindowMax = 4_096
    /// Biased tokens of a request (OpenAI's API allows 300).
    public static let logitBiasCountMax = 1_024
    /// Absolute value of a bias: +-100 already forces or forbids a token.
    public static let logitBiasMax: Float = 1_000
    /// `top_logprobs` of OpenAI's API goes to 20; completions ask for 5.
    public static let topLogProbabilityCountMax = 128
}

/// Bounds on what a chat template may cost. Templates come with model files and run on every request; nothing in them
/// is trusted to end.
public enum TemplateLimits {
    /// Bytes of a template's source. The longest in use are about 20 KiB.
    public static let sourceByteCountMax = 1 << 20
    /// Blocks and parentheses inside one another while parsing: bounds the parser's stack.
    public static let nestingMax = 32
    /// Height of an expression's tree, which long chains such as `a + b + c` build as well.
    public static let expressionHeightMax = 100
    /// Statements, expressions and macro calls inside one another while rendering: bounds the renderer's stack.
    public static let renderDepthMax = 128
    /// Steps of one rendering. A step is a statement, an expression or `bytesPerStep` bytes of work on text, and takes
    /// about 0.1 microseconds: a rendering ends within some tenths of a second. A long conversation takes some tens of
    /// thousands.
    public static let fuelMax = 2_000_000
    /// Bytes of text that a step works on.
    public static let bytesPerStep = 16
    /// Bytes of the rendered prompt and of every string on the way to it.
    public static let stringByteCountMax = 8 << 20
    /// Variables of one scope; each look-up walks over them. Public templates have a few dozen.
    public static let variableCountMax = 1_024
    /// Elements of a list that a template makes (`range`).
    public static let listCountMax = 1 << 20
    /// Lists and objects inside one another: bounds the stack of printing, comparing and freeing them. More than
    /// `JSONLimits.depthMax`, so that what a request may hold is never too deep.
    public static let valueDepthMax = 192
}
