import MonotonicTime

/// Bounds on what one client can make the server hold or do. Each says why it is what it is.
public enum Limits {
    // MARK: Engine

    /// Sequences that generate at the same time: a batch's decode part. More would slow every stream below reading
    /// speed on the processors this is meant for.
    public static var runningSequencesDefault: Int { 32 }
    /// Sequences of one subject that wait for a place. Beyond it a client is told at once to come back (429), because
    /// a queue that takes minutes to drain only hides the overload.
    public static var waitingSequencesDefault: Int { 256 }
    /// Sequences of all subjects that wait: one that fills its own queue leaves room for others.
    public static var waitingSequencesTotalDefault: Int { 1_024 }
    /// Prompt tokens in a pass while nobody decodes: long enough to keep the kernels busy, short enough that a request
    /// that arrives in the middle of it starts soon.
    public static var prefillChunkTokensDefault: Int { 128 }
    /// Prompt tokens in a pass that other streams wait for, until it is known what they cost, and at most.
    public static var prefillChunkTokensWhileDecodingDefault: Int { 64 }
    /// Fewer prompt tokens than this cost a pass about as much as this many: kernels work on tiles of eight.
    public static var prefillChunkTokensMin: Int { 8 }
    /// What a pass of prompt tokens alone may take: how long a request that arrives meanwhile waits at worst.
    public static var prefillPassTime: Interval { .milliseconds(500) }
    /// Prompt tokens in a pass that computes logits for each of them: the rows are a vocabulary wide.
    public static var scoredPromptChunkTokens: Int { 16 }
    /// KV room for the reply that a sequence reserves at first. Most replies end within it; a longer one moves to a
    /// reservation twice as large, so that a client without `max_tokens` does not hold a whole context.
    public static var replyReservationTokens: Int { 512 }
    /// Tokens at the beginning of a cached page that are worth copying it for. A copy moves a page's keys and values
    /// through memory once; computing even a few tokens moves all weights.
    public static var prefixCopyTokensMin: Int { 4 }
    /// How long a request waits before a subject with more places has to give one up for it: places become free by
    /// themselves more often than that where replies are short.
    public static var displacementWait: Interval { .milliseconds(500) }
    /// What a decoding sequence's token counts for, in prompt tokens: kernels work on tiles of eight, and a lone token
    /// costs about as much as one.
    static var decodeTokenWork: Int { 8 }
    /// Virtual time of a prompt token at weight 1: divisible by every weight up to ten, and fine enough for the others.
    static var virtualTimePerToken: UInt64 { 2_520 }
    /// Priorities go as far to either side as makes a difference of half a minute of waiting.
    public static var priorityMin: Int { -10 }
    public static var priorityMax: Int { 10 }
    public static var priorityStep: Interval { .seconds(3) }
    /// Tokens of a pass in which some are guessed ahead: kernels work on tiles of eight, so up to that many cost little
    /// more than one where reading the weights is what takes the time.
    public static var draftPassTokensMaxDefault: Int { 8 }
    /// Tokens that an earlier place must have in common with a sequence's end, and beyond which more tell no more.
    static var lookupMatchMin: Int { 2 }
    static var lookupMatchMax: Int { 8 }
    /// The longest wait suggested by `Retry-After`: an estimate beyond a minute says nothing.
    public static var retryAfterSecondsMax: UInt64 { 60 }

    // MARK: Requests

    /// Sequences that one request may ask for, prompts times choices: it must not fill the queue by itself.
    public static var sequencesPerRequest: Int { 128 }
    /// Stop strings: OpenAI's own limit. Each is looked for at every byte.
    public static var stopStrings: Int { 4 }
    /// A longer stop string would hold back text for minutes, and no client means that.
    public static var stopStringBytes: Int { 1_024 }
    /// OpenAI's limit; every one is a JSON object in each token's chunk.
    public static var topLogProbabilities: Int { 20 }
    /// Biases are applied at every token.
    public static var logitBiases: Int { 1_024 }
    /// Far more turns than a context holds.
    public static var chatMessages: Int { 4_096 }
    /// What a completion generates when the client does not say: OpenAI's default. A chat goes on to its end.
    public static var completionTokensDefault: Int { 16 }
    /// How soon to ask again while the model is being loaded.
    public static var loadingRetryAfterSeconds: UInt64 { 1 }

    // MARK: Programs

    /// Lines of programs that wait for the kernel's log: writing one can take a millisecond.
    public static var programLogLines: Int { 32 }
    public static var programLogLineBytes: Int { 256 }

    // MARK: Connections

    /// Connections open at once: some tens of KiB each at worst.
    public static var connectionsDefault: Int { 512 }
    /// Bytes of request bodies that all connections hold together, beyond what each may have unasked: a few of the
    /// largest bodies, in a machine that has about 64 MiB beside weights and keys and values.
    public static var requestBodyBytesDefault: Int { 16 << 20 }
    /// Where less memory is free beside the model than four times that, bodies hold a quarter of it.
    static var requestBodyShareDivisor: Int { 4 }
    /// Bytes of a body that every connection may hold whatever the others do, so that large bodies do not keep out
    /// ordinary ones. A chat of a few turns fits.
    static var unchargedBodyBytes: Int { 8 << 10 }
    /// How soon to send a body again that found no memory: most arrive within that time.
    static var bodyRetryAfterSeconds: UInt64 { 1 }
    /// Bytes of one connection that the platform holds and the network has not taken: a TCP send buffer.
    public static var handedOutputBytes: Int { 64 << 10 }
    /// Buffers kept for the next bytes to send, and the largest that is kept: some for each of many streams, and a
    /// token's event fits into any.
    static var spareBuffersMax: Int { 64 }
    static var spareBufferBytesMax: Int { 4 << 10 }
    /// A client that is this far behind gets no new tokens until it has caught up.
    public static var pauseAboveBytes: Int { 256 << 10 }
    public static var resumeBelowBytes: Int { 64 << 10 }
}
