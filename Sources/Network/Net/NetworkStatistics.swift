/// What a stack has done since it was made. Counters wrap.
public struct NetworkStatistics: Equatable, Sendable {
    public var link = LinkStatistics()
    public var drops = DropStatistics()
    public var tcp = TCPStatistics()

    public init() {}
}

/// Frames that crossed the interface.
public struct LinkStatistics: Equatable, Sendable {
    public var receivedFrames: UInt64 = 0
    public var receivedBytes: UInt64 = 0
    public var transmittedFrames: UInt64 = 0
    public var transmittedBytes: UInt64 = 0
    public var echoReplies: UInt64 = 0
}

/// Frames that were dropped, by reason.
public struct DropStatistics: Equatable, Sendable {
    /// Too short, impossible lengths, unknown combinations.
    public var malformed: UInt64 = 0
    public var badChecksum: UInt64 = 0
    /// Not for this host, or an EtherType that it does not speak.
    public var notForUs: UInt64 = 0
    /// A source that no host may have, or a source route.
    public var illegalSource: UInt64 = 0
    public var fragment: UInt64 = 0
    /// No listener or socket: answered with ICMP or a reset, within the rate limit.
    public var closedPort: UInt64 = 0
    public var unknownProtocol: UInt64 = 0
    /// Our own frame found a full queue.
    public var queueFull: UInt64 = 0
    /// Our own packet found no route or no answer from the next hop.
    public var unreachable: UInt64 = 0
    /// A reply was suppressed by the rate limit.
    public var rateLimited: UInt64 = 0
}

/// TCP's counters.
public struct TCPStatistics: Equatable, Sendable {
    public var receivedSegments: UInt64 = 0
    public var transmittedSegments: UInt64 = 0
    public var acceptedConnections: UInt64 = 0
    /// SYNs ignored because the backlog or the connection table was full.
    public var ignoredHandshakes: UInt64 = 0
    /// Half-open connections that gave up or were displaced.
    public var failedHandshakes: UInt64 = 0
    public var retransmittedSegments: UInt64 = 0
    public var retransmissionTimeouts: UInt64 = 0
    public var fastRetransmits: UInt64 = 0
    public var zeroWindowProbes: UInt64 = 0
    public var keepAliveProbes: UInt64 = 0
    public var outOfOrderSegments: UInt64 = 0
    public var duplicateSegments: UInt64 = 0
    /// Segments refused by PAWS (RFC 7323, section 5).
    public var staleTimestamps: UInt64 = 0
    /// Challenge acknowledgments (RFC 5961).
    public var challenges: UInt64 = 0
    public var resetsSent: UInt64 = 0
    public var resetsReceived: UInt64 = 0
    public var timedOutConnections: UInt64 = 0
}
