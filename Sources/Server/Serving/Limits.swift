/// Bounds on what one client can make the server hold or do. Each says why it is what it is.
public enum Limits {
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
    /// Contexts' worth of tokens that a prompt is counted to, so that an error can state how long it is. A longer one
    /// is refused without being read to its end.
    public static var promptContextsCounted: Int { 2 }
    /// Tokens that `/tokenize`, or a program's `tokenize`, answers with where the model's context is shorter: their
    /// JSON takes some MiB.
    public static var tokenizedTokens: Int { 262_144 }
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
