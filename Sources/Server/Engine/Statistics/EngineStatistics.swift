import MonotonicTime

/// What the engine has done since it started, and what it is doing.
public struct EngineStatistics: Sendable {
    /// Prompt tokens computed. A sequence that moves to a larger reservation computes its tokens again: they count.
    public internal(set) var promptTokens: UInt64 = 0
    /// Tokens that were not computed because an earlier sequence had left them.
    public internal(set) var prefixHitTokens: UInt64 = 0
    public internal(set) var generatedTokens: UInt64 = 0
    /// Draft tokens, and those of them that were accepted.
    public internal(set) var draftedTokens: UInt64 = 0
    public internal(set) var acceptedTokens: UInt64 = 0
    public internal(set) var steps: UInt64 = 0
    public internal(set) var abandonedSteps: UInt64 = 0
    public internal(set) var finishedGenerations: UInt64 = 0
    public internal(set) var cancelledGenerations: UInt64 = 0
    /// Sequences that were not taken in because the queue was full, and because their first token would have come later
    /// than promised.
    public internal(set) var refusedForQueue: UInt64 = 0
    public internal(set) var refusedForFirstToken: UInt64 = 0
    /// Sequences that gave up their slot for another subject's.
    public internal(set) var preemptedGenerations: UInt64 = 0

    /// Sequences that took part in each step.
    public internal(set) var batchSize = CountHistogram(bounds: batchBounds)
    /// From a request's arrival to its first token.
    public internal(set) var timeToFirstToken = Histogram(boundsMilliseconds: firstTokenBounds)
    /// Between two tokens of one generation.
    public internal(set) var timeBetweenTokens = Histogram(boundsMilliseconds: betweenTokensBounds)
    /// From a request's arrival to its last token.
    public internal(set) var timeToLastToken = Histogram(boundsMilliseconds: lastTokenBounds)

    /// Sequences in the queue and in service, now.
    public internal(set) var waitingCount = 0
    public internal(set) var runningCount = 0
    /// Tokens that running sequences have reserved KV memory for, and those that it holds.
    public internal(set) var reservedTokens = 0
    public internal(set) var cachedTokens = 0
    /// Pages of KV memory: those that are free, those kept as prefixes alone, and those of running sequences.
    public internal(set) var freePageCount = 0
    public internal(set) var prefixPageCount = 0
    public internal(set) var sequencePageCount = 0

    public init() {}

    private static var batchBounds: [UInt64] { [1, 2, 4, 8, 16, 32, 64, 128] }
    private static var firstTokenBounds: [UInt64] { [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] }
    private static var betweenTokensBounds: [UInt64] { [2, 5, 10, 20, 40, 80, 160, 320, 640, 1_280, 5_000] }
    private static var lastTokenBounds: [UInt64] {
        [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000]
    }
}
