import MonotonicTime

// Frames in.
extension NetworkStack {
    /// Takes one Ethernet frame without its frame check sequence.
    ///
    /// - Parameters:
    ///   - frame: the frame; nothing of it is kept by reference.
    ///   - checksumValidated: the device or the host has checked the TCP or UDP checksum, or the frame never left the
    ///     machine: do not check it again.
    ///   - now: the time of arrival.
    public mutating func receive(_ frame: RawSpan, checksumValidated: Bool = false, now: Instant) {
        linkStatistics.receivedFrames += 1
        linkStatistics.receivedBytes += UInt64(frame.byteCount)
        guard let view = EthernetView(frame) else { return dropStatistics.malformed += 1 }
        let header = view.header
        guard header.destination == configuration.hardwareAddress || header.destination == .broadcast else {
            return dropStatistics.notForUs += 1
        }
        guard !header.source.isGroup else { return dropStatistics.illegalSource += 1 }
        switch header.type {
        case .arp: receiveARP(view.payload, now: now)
        case .ipv4: receiveIPv4(view.payload, checksumValidated: checksumValidated, now: now)
        default: dropStatistics.notForUs += 1
        }
    }

    private mutating func receiveARP(_ bytes: RawSpan, now: Instant) {
        guard let packet = ARPView(bytes)?.packet else { return dropStatistics.malformed += 1 }
        guard let interface = address else { return dropStatistics.notForUs += 1 }
        let isForUs = packet.targetProtocol == interface.address
        let isUsableSender =
            packet.senderProtocol.isUnicast && packet.senderProtocol != interface.address
            && interface.isOnLink(packet.senderProtocol) && !packet.senderHardware.isGroup
        if isUsableSender,
            neighbors.confirm(
                packet.senderProtocol, hardware: packet.senderHardware,
                mayInsert: isForUs, now: now)
        {
            neighborBecameKnown()
        }
        guard packet.operation == .request, isForUs else { return }
        enqueueARP(
            ARPPacket(
                operation: .reply, senderHardware: configuration.hardwareAddress,
                senderProtocol: interface.address, targetHardware: packet.senderHardware,
                targetProtocol: packet.senderProtocol))
    }

    /// Connections that wait for an address may try again; those whose neighbor is still unknown come back.
    private mutating func neighborBecameKnown() {
        transport.neighborBecameKnown()
        for _ in 0..<unresolvedFrames.count where !controlFrames.moveFirst(from: &unresolvedFrames) {
            dropStatistics.queueFull += 1
        }
    }

    private mutating func receiveIPv4(_ bytes: RawSpan, checksumValidated: Bool, now: Instant) {
        guard let view = IPv4View(bytes) else { return dropStatistics.malformed += 1 }
        guard view.isChecksumValid else { return dropStatistics.badChecksum += 1 }
        let header = view.header
        guard header.source.isUnicast, !view.hasSourceRoute else { return dropStatistics.illegalSource += 1 }
        // Reassembly is refused: everything this host speaks fits a packet, and fragments are an attacker's tool.
        guard !view.isFragment else { return dropStatistics.fragment += 1 }
        guard let interface = address else {
            // Without an address only DHCP can concern us, whatever its destination (RFC 2131, section 4.1).
            guard header.protocol == .udp else { return dropStatistics.notForUs += 1 }
            return receiveUDP(view, isUnicast: false, checksumValidated: checksumValidated, now: now)
        }
        guard header.source != interface.address, header.source != interface.directedBroadcast else {
            return dropStatistics.illegalSource += 1
        }
        let isUnicast = header.destination == interface.address
        guard isUnicast || header.destination == .broadcast || header.destination == interface.directedBroadcast else {
            return dropStatistics.notForUs += 1
        }
        switch header.protocol {
        case .udp: receiveUDP(view, isUnicast: isUnicast, checksumValidated: checksumValidated, now: now)
        // RFC 9293, section 3.9.2.3, MUST-57 and RFC 1122, section 3.2.2.6: not for broadcasts.
        case .tcp where isUnicast: receiveTCP(view, checksumValidated: checksumValidated, now: now)
        case .icmp where isUnicast: receiveICMP(view)
        case .tcp, .icmp: dropStatistics.notForUs += 1
        default:
            dropStatistics.unknownProtocol += 1
            if isUnicast { enqueueUnreachable(.protocol, about: view, now: now) }
        }
    }

    private mutating func receiveICMP(_ packet: borrowing IPv4View) {
        guard let view = ICMPv4View(packet.payload) else { return dropStatistics.malformed += 1 }
        guard view.isChecksumValid else { return dropStatistics.badChecksum += 1 }
        // Errors about our packets change nothing: TCP finds out by itself, and forged errors must not hurt (RFC 5927).
        guard view.header.type == ICMPv4Header.MessageType.echoRequest, view.header.code == 0 else { return }
        linkStatistics.echoReplies += 1
        var reply = view.header
        reply.type = ICMPv4Header.MessageType.echoReply
        enqueueICMP(reply, payload: view.payload, to: packet.header.source)
    }

    private mutating func receiveUDP(
        _ packet: borrowing IPv4View, isUnicast: Bool, checksumValidated: Bool,
        now: Instant
    ) {
        guard let view = UDPView(packet.payload) else { return dropStatistics.malformed += 1 }
        let ip = packet.header
        guard checksumValidated || view.isChecksumValid(source: ip.source, destination: ip.destination) else {
            return dropStatistics.badChecksum += 1
        }
        if dhcp != nil, view.header.destinationPort == DHCPMessage.clientPort,
            view.header.sourcePort == DHCPMessage.serverPort
        {
            guard let message = DHCPView(view.payload)?.message else { return dropStatistics.malformed += 1 }
            if let change = dhcp?.receive(message, now: now) { apply(change) }
            return
        }
        dropStatistics.closedPort += 1
        if isUnicast { enqueueUnreachable(.port, about: packet, now: now) }
    }

    private mutating func receiveTCP(_ packet: borrowing IPv4View, checksumValidated: Bool, now: Instant) {
        guard let view = TCPView(packet.payload) else { return dropStatistics.malformed += 1 }
        let ip = packet.header
        guard checksumValidated || view.isChecksumValid(source: ip.source, destination: ip.destination) else {
            return dropStatistics.badChecksum += 1
        }
        let segment = view.header
        let endpoints = TCPEndpoints(
            localAddress: ip.destination, localPort: segment.destinationPort,
            remoteAddress: ip.source, remotePort: segment.sourcePort)
        guard let reset = transport.receive(segment, payload: view.payload, endpoints: endpoints, now: now) else {
            return
        }
        dropStatistics.closedPort += 1
        guard unsolicitedReplies.allow(now: now) else { return dropStatistics.rateLimited += 1 }
        enqueueReset(reset)
    }
}
