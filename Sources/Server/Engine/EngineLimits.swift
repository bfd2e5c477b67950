import MonotonicTime

/// How much the engine does at once, how it divides its time, and what it keeps. Each says why it is what it is.
package enum EngineLimits {
    /// Sequences that generate at the same time: a batch's decode part. More would slow every stream below reading
    /// speed on the processors this is meant for.
    package static var runningSequencesDefault: Int { 32 }
    /// Sequences of one subject that wait for a slot. Beyond it a client is told at once to come back (429), because
    /// a queue that takes minutes to drain only hides the overload.
    package static var waitingSequencesDefault: Int { 256 }
    /// Sequences of all subjects that wait: one that fills its own queue leaves room for others.
    package static var waitingSequencesTotalDefault: Int { 1_024 }
    /// Prompt tokens in a step while no sequence decodes: long enough to keep the kernels busy, short enough that a
    /// request that arrives in the middle of it starts soon.
    package static var prefillChunkTokensDefault: Int { 128 }
    /// Prompt tokens in a step that other streams wait for, until it is known what they cost, and at most.
    package static var prefillChunkTokensWhileDecodingDefault: Int { 64 }
    /// Fewer prompt tokens than this cost a step about as much as this many: kernels work on tiles of eight.
    package static var prefillChunkTokensMin: Int { 8 }
    /// What a step of prompt tokens alone may take: how long a request that arrives meanwhile waits at worst.
    package static var prefillStepTime: Interval { .milliseconds(500) }
    /// Prompt tokens in a step that computes logits for each of them: the rows are a vocabulary wide.
    package static var scoredPromptChunkTokens: Int { 16 }
    /// KV room for the reply that a sequence reserves at first. Most replies end within it; a longer one moves to a
    /// reservation twice as large, so that a client without `max_tokens` does not hold a whole context.
    package static var replyReservationTokens: Int { 512 }
    /// Tokens at the beginning of a cached page that are worth copying it for. A copy moves a page's keys and values
    /// through memory once; computing even a few tokens moves all weights.
    package static var prefixCopyTokensMin: Int { 4 }
    /// How long a request waits before a subject with more slots is preempted for it: slots become free by
    /// themselves more often than that where replies are short.
    package static var preemptionWait: Interval { .milliseconds(500) }
    /// What a decoding sequence's token counts for, in prompt tokens: kernels work on tiles of eight, and a lone token
    /// costs about as much as one.
    package static var decodeTokenWork: Int { 8 }
    /// Virtual time of a prompt token at weight 1: divisible by every weight up to ten, and fine enough for the others.
    package static var virtualTimePerToken: UInt64 { 2_520 }
    /// Priorities go as far to either side as makes a difference of half a minute of waiting.
    package static var priorityMin: Int { -10 }
    package static var priorityMax: Int { 10 }
    package static var priorityStep: Interval { .seconds(3) }
    /// Tokens of a step in which some are drafted: kernels work on tiles of eight, so up to that many cost little
    /// more than one where reading the weights is what takes the time.
    package static var draftStepTokensMaxDefault: Int { 8 }
    /// Tokens that an earlier position must have in common with a sequence's end, and beyond which more tell no more.
    package static var lookupMatchMin: Int { 2 }
    package static var lookupMatchMax: Int { 8 }
    /// The longest wait suggested by `Retry-After`: an estimate beyond a minute says nothing.
    package static var retryAfterSecondsMax: UInt64 { 60 }
}
