/// How much the engine takes on at once. Values are clamped to what the model can do.
public struct EngineConfiguration: Sendable {
    /// Sequences in service.
    public var runningMax = EngineLimits.runningSequencesDefault
    /// Sequences of one subject in the queue, and of all.
    public var waitingMax = EngineLimits.waitingSequencesDefault
    public var waitingTotalMax = EngineLimits.waitingSequencesTotalDefault
    /// What is promised to requests that are taken in.
    public var serviceLevel = ServiceLevel()
    /// The most prompt tokens in a step while no sequence decodes, and while one does.
    public var prefillChunkTokens = EngineLimits.prefillChunkTokensDefault
    public var prefillChunkTokensWhileDecoding = EngineLimits.prefillChunkTokensWhileDecodingDefault
    /// KV room for the reply that a sequence reserves at first.
    public var replyReservationTokens = EngineLimits.replyReservationTokens
    /// The most tokens of a step in which some are drafted; with less than two, none are.
    public var draftStepTokensMax = EngineLimits.draftStepTokensMaxDefault

    public init() {}
}
