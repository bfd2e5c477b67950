/// How much the engine takes on at once. Values are clamped to what the model can do.
public struct EngineConfiguration: Sendable {
    /// Sequences in service.
    public var runningMax = Limits.runningSequencesDefault
    /// Sequences of one subject in the queue, and of all.
    public var waitingMax = Limits.waitingSequencesDefault
    public var waitingTotalMax = Limits.waitingSequencesTotalDefault
    /// What is promised to whoever is taken in.
    public var serviceLevel = ServiceLevel()
    /// The most prompt tokens in a pass while no sequence decodes, and while one does.
    public var prefillChunkTokens = Limits.prefillChunkTokensDefault
    public var prefillChunkTokensWhileDecoding = Limits.prefillChunkTokensWhileDecodingDefault
    /// KV room for the reply that a sequence reserves at first.
    public var replyReservationTokens = Limits.replyReservationTokens
    /// The most tokens of a pass in which some are guessed ahead; with less than two, none are.
    public var draftPassTokensMax = Limits.draftPassTokensMaxDefault

    public init() {}
}
