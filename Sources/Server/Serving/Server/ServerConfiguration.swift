import HTTP

/// How the server is set up.
public struct ServerConfiguration: Sendable {
    public var http = HTTPLimits()
    /// Connections open at once.
    public var connectionsMax = Limits.connectionsDefault
    /// Bytes of request bodies that all connections may hold together; less than one body of the largest size counts as
    /// one.
    public var requestBodyBytesMax = Limits.requestBodyBytesDefault
    /// Seconds since 1970 at the monotonic clock's origin, for `created`.
    public var originUnixSeconds: UInt64 = 0
    /// From a source of entropy: ids and the seeds of requests that bring none are made from it.
    public var randomSeed: UInt64 = 0

    public init() {}
}
