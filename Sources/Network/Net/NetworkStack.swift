import MonotonicTime

/// A TCP/IP host on one Ethernet interface, without I/O: frames and time in, frames and socket events out.
///
/// The driver calls `receive` for each frame that came in, `transmit` until it answers nil, and `advance` when
/// `nextDeadline` has come. The user reads `nextEvent` until it answers nil and calls `read`, `write`, `close` and
/// `abort`; after any of these there may be something to transmit.
///
/// Input of any content is answered or dropped; it never traps. All memory is bounded by the configuration.
public struct NetworkStack: ~Copyable, Sendable {
    let configuration: NetworkConfiguration
    var transport: TCPTransport
    var neighbors = NeighborCache()
    var dhcp: DHCPClient?
    /// What the stack says on its own account, ready to be sent or to be looked up.
    var controlFrames: FrameQueue
    /// Packets whose next hop is being asked for its address.
    var unresolvedFrames: FrameQueue
    var unsolicitedReplies: RateLimiter
    /// Counts IP packets; only distinguishes fragments of packets on their way (RFC 6864).
    var identification: UInt16 = 0
    /// The interface's address is new and must be announced (RFC 5227, section 2.3).
    var isAnnouncementDue = false
    var isConfigurationEventDue = false
    var isLossEventDue = false
    var linkStatistics = LinkStatistics()
    var dropStatistics = DropStatistics()

    /// The interface's address; nil while DHCP has none.
    public private(set) var address: InterfaceAddress?

    /// - Parameters:
    ///   - configuration: addresses and bounds.
    ///   - secret: fresh random bits that no peer knows.
    ///   - now: the time at which the stack starts.
    public init(configuration: NetworkConfiguration, secret: NetworkSecret, now: Instant) {
        let mtu = min(max(configuration.maximumTransmissionUnit, 576), 65_535)
        self.configuration = configuration
        transport = TCPTransport(configuration: configuration.transport, maximumTransmissionUnit: mtu, secret: secret)
        let frameByteCountMax = EthernetHeader.byteCount + mtu
        controlFrames = FrameQueue(capacity: Limits.controlFrameCount, frameByteCountMax: frameByteCountMax)
        unresolvedFrames = FrameQueue(
            capacity: Limits.unresolvedFrameCount,
            frameByteCountMax: frameByteCountMax)
        unsolicitedReplies = RateLimiter(countPerSecond: Limits.unsolicitedReplyCountPerSecond, now: now)
        switch configuration.addressing {
        case .static(let address):
            configure(address)
        case .dhcp:
            dhcp = DHCPClient(hardwareAddress: configuration.hardwareAddress, secret: secret, now: now)
        }
    }

    /// The length of the longest frame that the stack sends or takes: a driver's buffers must be at least this long.
    public var frameByteCountMax: Int { controlFrames.frameByteCountMax }

    /// A snapshot of the counters.
    public var statistics: NetworkStatistics {
        var statistics = NetworkStatistics()
        statistics.link = linkStatistics
        statistics.drops = dropStatistics
        statistics.tcp = transport.statistics
        return statistics
    }

    /// When `advance` must be called next, if nothing else happens before.
    public var nextDeadline: Instant {
        let earliest = min(transport.nextDeadline, neighbors.nextDeadline)
        return min(earliest, dhcp?.nextDeadline ?? .distantFuture)
    }

    /// Acts on all timers that have expired at `now`. Afterwards there may be something to transmit.
    public mutating func advance(to now: Instant) {
        transport.advance(to: now)
        if neighbors.advance(to: now) {
            dropStatistics.unreachable += UInt64(unresolvedFrames.removeAll { !neighbors.contains($0) })
        }
        if let change = dhcp?.advance(to: now) { apply(change) }
    }
}

// The interface's address.
extension NetworkStack {
    /// Takes over what DHCP found out.
    mutating func apply(_ change: DHCPClient.Change) {
        switch change {
        case .configured(let new):
            guard new != address else { return }
            if let address, address.address != new.address { transport.finishAll(.addressLost) }
            configure(new)
        case .lost:
            address = nil
            neighbors.removeAll()
            transport.finishAll(.addressLost)
            isLossEventDue = true
            isConfigurationEventDue = false
        }
    }

    private mutating func configure(_ new: InterfaceAddress) {
        address = new
        neighbors.removeAll()
        isAnnouncementDue = true
        isConfigurationEventDue = true
    }
}
