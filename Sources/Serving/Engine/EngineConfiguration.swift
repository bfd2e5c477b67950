/// How much the engine takes on at once. Values are clamped to what the model can do.
public struct EngineConfiguration: Sendable {
    /// Sequences in service.
    public var runningMax = Limits.runningSequencesDefault
    /// Sequences in the queue.
    public var waitingMax = Limits.waitingSequencesDefault
    /// The most prompt tokens in a pass while no sequence decodes, and while one does.
    public var prefillChunkTokens = Limits.prefillChunkTokensDefault
    public var prefillChunkTokensWhileDecoding = Limits.prefillChunkTokensWhileDecodingDefault
    /// KV room for the reply that a sequence reserves at first.
    public var replyReservationTokens = Limits.replyReservationTokens

    public init() {}
}
