/// Sizes that kernels and storage agree on.
enum Limits {
    /// Alignment of all working memory: one cache line, and one AVX-512 register.
    static let cacheLineBytes = 64
    /// Activations are quantized in blocks of this many columns: the group size of GGML's non-K formats.
    static let activationBlockColumns = 32
    /// Elements of a row of activations that are multiplied apart: enough to halve the error of 8 bits, few enough to
    /// cost little.
    static let outliers = 4
    /// Rows of this many blocks and more have `outliersOfWideRow`.
    static let wideRowBlocks = 32
    static let outliersOfWideRow = 8
    /// Up to this many tokens, panels are multiplied as they lie in memory; for more, decoding them once costs less.
    static let packedTokensMax = 32
    /// Weights are decoded in runs of at most this many columns, so that a panel of 16 rows (32 KiB) stays in the L1
    /// data cache; a multiple of every format's block.
    static let decodedColumnsMax = 2048
    /// Queries that share each reading of a page of keys and values; a multiple of `attentionQueriesAtOnce`.
    static let attentionQueries = 24
    /// Queries whose sums fit a vector kernel's registers.
    static let attentionQueriesAtOnce = 6
    /// Rows that a panel interleaves: one AVX-512 register of 32-bit lanes.
    static let panelRows = PanelPacking.rowsPerPanel
    /// Participants of a lane crew: as many cores as the kernel's command line can ask for.
    static let participantsMax = 64
    /// Chunks of a phase: counted in half a word, and increments past the end must not reach the other half.
    static let chunksMax = 1 << 24
    /// Pauses of an idle lane between two questions to its platform: some microseconds, so that asking costs nothing.
    static let spinsOfPatience = 256
    /// Pauses of a waiting leader between two calls of `yield`: more than most chunks take, less than a time slice.
    static let spinsBeforeYield = 4096
}
