import MonotonicTime

/// The bounds that one connection may use up, and for how long.
public struct HTTPLimits: Sendable {
    /// Bytes of a request line without its line end; RFC 9112 section 3 recommends at least 8000. Past it: 414.
    public var requestLineBytesMax = 8 << 10
    /// Bytes of all header lines of a request, and again of all its trailers. Cookies and tokens of real clients stay
    /// under 8 KiB; past it: 431.
    public var headerBytesMax = 16 << 10
    /// Header lines of a request, and again trailers: real clients send up to 20. Past it: 431.
    public var headerCountMax = 64
    /// Bytes of a request body: a full 128 Ki-token prompt is under 1 MiB of text. Past it: 413.
    public var bodyBytesMax = 4 << 20
    /// Bytes of a request body that are taken without asking the owner; see `HTTPServerConnection.Event.body`. An owner
    /// of many connections sets it to zero, so as to bound what all of them hold.
    public var unaskedBodyBytesMax = Int.max
    /// Bytes of all chunk extensions of a body. They carry nothing for us; without a bound a one-byte chunk could drag
    /// kilobytes along. Past it: 400.
    public var chunkExtensionBytesMax = 4 << 10
    /// Bytes that a client may send ahead while an earlier request is being answered. A reader that respects
    /// `HTTPServerConnection.receiveCapacity` never exceeds it; past it the connection closes after the response.
    public var pipelinedBytesMax = 64 << 10

    /// From one response to the next request's first byte, and from connecting to the first request's.
    public var idleTimeout = Interval.seconds(60)
    /// From a request's first byte to the end of its headers. Holding a connection by dripping headers ("slowloris")
    /// ends here, with 408.
    public var headTimeout = Interval.seconds(10)
    /// From the end of the headers to the end of the body, plus what the bytes received earn at
    /// `bodyBytesPerSecondMin`.
    public var bodyTimeout = Interval.seconds(20)
    /// The pace that keeps a body's deadline moving; slower clients get 408.
    public var bodyBytesPerSecondMin: UInt64 = 8 << 10
    /// From the first unsent byte, or the last progress, to more progress. A client that stops reading ends here.
    public var stallTimeout = Interval.seconds(30)
    /// How long the last response may linger for the client's close, so that a reset does not overtake it (RFC 9112
    /// section 9.6).
    public var lingerTimeout = Interval.seconds(2)

    public init() {}
}
