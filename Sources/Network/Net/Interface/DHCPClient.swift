import MonotonicTime

/// The client's side of DHCP (RFC 2131, section 4.4) as a state machine without I/O.
struct DHCPClient: Sendable {
    /// What the interface must do.
    enum Change: Equatable {
        case configured(InterfaceAddress)
        case lost
    }

    /// What a server has granted.
    struct Lease: Equatable, Sendable {
        var interface: InterfaceAddress
        var server: IPv4Address
        /// T1: ask the server again.
        var renewAt: Instant
        /// T2: ask any server.
        var rebindAt: Instant
        var expiresAt: Instant
    }

    enum State: Equatable, Sendable {
        /// INIT and SELECTING: looking for servers.
        case selecting
        /// REQUESTING: one offer was taken up.
        case requesting(address: IPv4Address, server: IPv4Address)
        case bound(Lease)
        case renewing(Lease)
        case rebinding(Lease)
    }

    private let hardwareAddress: EthernetAddress
    private let secret: NetworkSecret
    private(set) var state = State.selecting
    private var transactionID: UInt32 = 0
    private var transactionCount: UInt64 = 0
    private var startedAt: Instant
    /// When the next message is due.
    private var sendAt: Instant
    private var attempt = 0

    /// RFC 2131, section 4.4.1 suggests to wait up to ten seconds first; a unicast boot cannot afford that.
    init(hardwareAddress: EthernetAddress, secret: NetworkSecret, now: Instant) {
        self.hardwareAddress = hardwareAddress
        self.secret = secret
        startedAt = now
        sendAt = now
        beginTransaction(now: now)
    }

    /// When `advance` has something to do or `nextMessage` something to send.
    var nextDeadline: Instant {
        switch state {
        case .selecting, .requesting: sendAt
        case .bound(let lease): lease.renewAt
        case .renewing(let lease): min(sendAt, lease.rebindAt)
        case .rebinding(let lease): min(sendAt, lease.expiresAt)
        }
    }

    /// Lets the lease's times pass.
    mutating func advance(to now: Instant) -> Change? {
        if case .bound(let lease) = state, lease.renewAt <= now {
            state = .renewing(lease)
            beginTransaction(now: now)
        }
        if case .renewing(let lease) = state, lease.rebindAt <= now {
            state = .rebinding(lease)
            beginTransaction(now: now)
        }
        if case .rebinding(let lease) = state, lease.expiresAt <= now {
            restart(at: now)
            return .lost
        }
        return nil
    }

    /// The message that is due at `now`, and where to send it.
    mutating func nextMessage(now: Instant) -> (message: DHCPMessage, destination: IPv4Address)? {
        guard sendAt <= now else { return nil }
        if case .requesting = state, attempt >= Limits.dhcpRequestCount { restart(at: now) }
        var message = DHCPMessage(
            operation: .request, type: .request, transactionID: transactionID,
            clientHardware: hardwareAddress)
        message.secondsElapsed = UInt16(clamping: (now - startedAt).milliseconds / 1000)
        var destination = IPv4Address.broadcast
        switch state {
        case .bound:
            return nil
        case .selecting:
            message.type = .discover
        case .requesting(let address, let server):
            message.requestedAddress = address
            message.serverIdentifier = server
        case .renewing(let lease):
            message.clientAddress = lease.interface.address
            destination = lease.server
        case .rebinding(let lease):
            message.clientAddress = lease.interface.address
        }
        scheduleRetransmission(now: now)
        return (message, destination)
    }

    /// Takes a message that came to the client port.
    mutating func receive(_ message: DHCPMessage, now: Instant) -> Change? {
        guard message.operation == .reply, message.transactionID == transactionID,
            message.clientHardware == hardwareAddress
        else { return nil }
        switch (state, message.type) {
        case (.selecting, .offer):
            guard let server = message.serverIdentifier, message.yourAddress.isUnicast else { return nil }
            state = .requesting(address: message.yourAddress, server: server)
            attempt = 0
            sendAt = now
            return nil
        case (.requesting(_, let server), .acknowledge):
            return bind(message, server: message.serverIdentifier ?? server, now: now)
        case (.renewing(let lease), .acknowledge), (.rebinding(let lease), .acknowledge):
            return bind(message, server: message.serverIdentifier ?? lease.server, now: now)
        case (.requesting, .negativeAcknowledge):
            // A pause, so that a server which offers and refuses does not keep us busy.
            restart(at: now + .seconds(1))
            return nil
        case (.renewing, .negativeAcknowledge), (.rebinding, .negativeAcknowledge):
            restart(at: now)
            return .lost
        default:
            return nil
        }
    }
}

extension DHCPClient {
    private mutating func bind(_ message: DHCPMessage, server: IPv4Address, now: Instant) -> Change? {
        guard message.yourAddress.isUnicast, let granted = message.leaseSeconds else { return nil }
        let prefixLength =
            message.subnetMask.map { (~$0.bits).leadingZeroBitCount }
            ?? classfulPrefix(message.yourAddress)
        let interface = InterfaceAddress(
            address: message.yourAddress, prefixLength: prefixLength,
            gateway: message.router)
        let isForever = granted == .max
        let length = max(.seconds(UInt64(granted)), Limits.dhcpLeaseMin)
        // Section 4.4.5: T1 is half of the lease and T2 seven eighths, unless the server says something sensible.
        let renewal = message.renewalSeconds.map { Interval.seconds(UInt64($0)) } ?? length / 2
        let rebinding = message.rebindingSeconds.map { Interval.seconds(UInt64($0)) } ?? length * 7 / 8
        let isSensible = renewal < rebinding && rebinding < length && renewal > .zero
        let lease = Lease(
            interface: interface, server: server,
            renewAt: isForever ? .distantFuture : now + (isSensible ? renewal : length / 2),
            rebindAt: isForever ? .distantFuture : now + (isSensible ? rebinding : length * 7 / 8),
            expiresAt: isForever ? .distantFuture : now + length)
        state = .bound(lease)
        sendAt = .distantFuture
        return .configured(interface)
    }

    /// Back to INIT.
    private mutating func restart(at start: Instant) {
        state = .selecting
        beginTransaction(now: start)
    }

    private mutating func beginTransaction(now: Instant) {
        transactionCount &+= 1
        transactionID = UInt32(truncatingIfNeeded: random(0))
        startedAt = now
        sendAt = now
        attempt = 0
    }

    private mutating func scheduleRetransmission(now: Instant) {
        attempt += 1
        switch state {
        case .renewing(let lease):
            sendAt = now + max((lease.rebindAt - now) / 2, Limits.dhcpRenewalIntervalMin)
        case .rebinding(let lease):
            sendAt = now + max((lease.expiresAt - now) / 2, Limits.dhcpRenewalIntervalMin)
        default:
            let delay = min(
                Limits.dhcpFirstRetransmission * (1 << UInt64(min(attempt - 1, 8))),
                Limits.dhcpRetransmissionMax)
            // Between one second less and one second more, so that clients do not speak in chorus.
            let jitter = Interval.milliseconds(random(UInt64(attempt)) % 2001)
            sendAt = now + (delay + jitter - .seconds(1))
        }
    }

    private func random(_ purpose: UInt64) -> UInt64 {
        SipHash.hash(hardwareAddress.bits << 8 | purpose & 0xFF, transactionCount, key: secret)
    }

    /// Without a subnet mask the address's class decides (RFC 1122, section 3.2.1.3).
    private func classfulPrefix(_ address: IPv4Address) -> Int {
        if address.bits >> 31 == 0 { return 8 }
        return address.bits >> 30 == 0b10 ? 16 : 24
    }
}
