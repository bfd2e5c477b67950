import MonotonicTime

/// How a `NetworkStack` presents itself, and the bounds of what it may use.
public struct NetworkConfiguration: Sendable {
    /// Where the interface's address comes from.
    public enum Addressing: Sendable {
        case `static`(InterfaceAddress)
        case dhcp
    }

    public var hardwareAddress: EthernetAddress
    public var addressing: Addressing
    /// The largest IP packet of the link in bytes, 576 to 65,535 (RFC 1122 asks for at least 576).
    public var maximumTransmissionUnit: Int = 1500
    /// The device fills in TCP checksums from `TransmitDescriptor.checksum`.
    public var isTransmitChecksumOffloaded = false
    public var transport = TransportConfiguration()

    public init(hardwareAddress: EthernetAddress, addressing: Addressing) {
        self.hardwareAddress = hardwareAddress
        self.addressing = addressing
    }
}

/// The interface's IPv4 address, its network and its way out.
public struct InterfaceAddress: Equatable, Sendable {
    public var address: IPv4Address
    /// Length of the network part in bits, 0 to 32.
    public var prefixLength: Int
    /// The router for destinations outside the prefix; without one they are unreachable.
    public var gateway: IPv4Address?

    public init(address: IPv4Address, prefixLength: Int, gateway: IPv4Address? = nil) {
        self.address = address
        self.prefixLength = min(max(prefixLength, 0), 32)
        self.gateway = gateway
    }

    var mask: UInt32 { prefixLength == 0 ? 0 : UInt32.max << UInt32(32 - prefixLength) }

    /// The address that means every station of the network; none in networks of two (RFC 3021).
    var directedBroadcast: IPv4Address? {
        prefixLength >= 31 ? nil : IPv4Address(bits: address.bits | ~mask)
    }

    func isOnLink(_ other: IPv4Address) -> Bool { (other.bits ^ address.bits) & mask == 0 }

    /// Where to send packets for `destination`; nil when there is no way.
    func nextHop(to destination: IPv4Address) -> IPv4Address? {
        isOnLink(destination) ? destination : gateway
    }
}

/// Bounds and policies of TCP. The most memory that connections can take is
/// `maximumConnections * (sendBufferByteCount + receiveBufferByteCount)`; buffers grow only as they are used.
public struct TransportConfiguration: Sendable {
    /// Established connections; further handshakes are ignored until one ends.
    public var maximumConnections = 512
    /// Handshakes in progress on all ports together, besides established connections.
    public var maximumHalfOpenConnections = 256
    /// Connections in TIME-WAIT; the oldest gives way.
    public var maximumTimeWaitConnections = 256
    /// Most bytes a connection buffers of what its user has not read, at least 4096.
    public var receiveBufferByteCount = 65_536
    /// Most bytes a connection buffers of what its peer has not acknowledged, at least 4096.
    public var sendBufferByteCount = 65_536
    /// How long a closed connection lingers in TIME-WAIT (2 MSL).
    public var timeWait: Interval = .seconds(60)
    /// How long the peer may take, without any progress, to finish a connection that its user has closed.
    public var lingerTimeout: Interval = .seconds(60)
    /// Off by default, as RFC 9293, section 3.8.4 demands.
    public var keepAlive: KeepAlive?

    public init() {}

    var slotCount: Int { maximumConnections + maximumHalfOpenConnections + maximumTimeWaitConnections }
}

/// When to probe a silent peer (RFC 9293, section 3.8.4).
public struct KeepAlive: Equatable, Sendable {
    /// Silence before the first probe.
    public var idle: Interval
    /// Time between probes.
    public var interval: Interval
    /// Unanswered probes after which the connection counts as timed out.
    public var probeCount: Int

    public init(idle: Interval, interval: Interval, probeCount: Int) {
        self.idle = idle
        self.interval = interval
        self.probeCount = probeCount
    }
}
