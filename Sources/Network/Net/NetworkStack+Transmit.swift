import MonotonicTime

// Frames out.
extension NetworkStack {
    /// Writes the next frame to the start of `buffer`, which must hold `frameByteCountMax` bytes. Nil when there is
    /// nothing to send now. A frame that was taken must be sent.
    public mutating func transmit(into buffer: inout MutableRawSpan, now: Instant) -> TransmitDescriptor? {
        precondition(buffer.byteCount >= frameByteCountMax, "the transmit buffer is shorter than the longest frame")
        let frame = nextFrame(into: &buffer, now: now)
        if let frame {
            linkStatistics.transmittedFrames += 1
            linkStatistics.transmittedBytes += UInt64(frame.byteCount)
        }
        return frame
    }

    private mutating func nextFrame(into buffer: inout MutableRawSpan, now: Instant) -> TransmitDescriptor? {
        if isAnnouncementDue { announce() }
        enqueueDHCP(now: now)
        // Each turn sends a frame or takes one packet or connection out of its line, so the loop ends.
        while true {
            while let neighbor = neighbors.nextRequest() { enqueueARPRequest(for: neighbor) }
            if let first = controlFrames.first {
                if let frame = transmitControlFrame(first, into: &buffer, now: now) { return frame }
            } else if let slot = transport.firstReady {
                if let frame = transmitSegment(of: slot, into: &buffer, now: now) { return frame }
            } else {
                return nil
            }
        }
    }

    private mutating func transmitControlFrame(
        _ first: (destination: FrameQueue.Destination, byteCount: Int),
        into buffer: inout MutableRawSpan, now: Instant
    ) -> TransmitDescriptor? {
        var hardware: EthernetAddress?
        if case .neighbor(let neighbor) = first.destination {
            guard case .found(let found) = neighbors.lookup(neighbor, now: now) else {
                if !unresolvedFrames.moveFirst(from: &controlFrames) { dropStatistics.queueFull += 1 }
                return nil
            }
            hardware = found
        }
        controlFrames.popFirst(into: &buffer)
        if let hardware { buffer.store(hardware, at: EthernetHeader.Offset.destination) }
        return TransmitDescriptor(byteCount: first.byteCount, checksum: nil)
    }

    private mutating func transmitSegment(
        of slot: Int, into buffer: inout MutableRawSpan,
        now: Instant
    ) -> TransmitDescriptor? {
        guard let interface = address, let nextHop = interface.nextHop(to: transport.remoteAddress(of: slot)) else {
            dropStatistics.unreachable += 1
            transport.skip(slot)
            return nil
        }
        guard case .found(let hardware) = neighbors.lookup(nextHop, now: now) else {
            transport.waitForNeighbor(slot)
            return nil
        }
        guard let segment = transport.nextSegment(of: slot, now: now) else { return nil }
        let endpoints = transport.endpoints(of: slot)
        let headerByteCount = segment.header.totalByteCount
        let length = headerByteCount + segment.payloadByteCount
        let start = EthernetHeader.byteCount + IPv4Header.byteCount
        emitHeaders(
            to: hardware, source: endpoints.localAddress, destination: endpoints.remoteAddress,
            protocol: .tcp, payloadByteCount: length, into: &buffer)
        segment.header.emit(into: &buffer, at: start)
        transport.copyPayload(of: segment, slot: slot, into: &buffer, at: start + headerByteCount)
        let request = finishChecksum(endpoints: endpoints, length: length, into: &buffer, at: start)
        return TransmitDescriptor(byteCount: start + length, checksum: request)
    }

    /// Fills in the TCP checksum, or prepares it for a device that does.
    private func finishChecksum(
        endpoints: TCPEndpoints, length: Int, into buffer: inout MutableRawSpan,
        at start: Int
    ) -> ChecksumRequest? {
        var checksum = InternetChecksum()
        checksum.addPseudoHeader(
            source: endpoints.localAddress, destination: endpoints.remoteAddress,
            protocol: .tcp, length: length)
        if configuration.isTransmitChecksumOffloaded {
            buffer.storeBigEndian(checksum.foldedSum, at: start + TCPHeader.Offset.checksum)
            return ChecksumRequest(start: start, offset: TCPHeader.Offset.checksum)
        }
        checksum.add(buffer.bytes.extracting(start..<start + length))
        buffer.storeBigEndian(checksum.value, at: start + TCPHeader.Offset.checksum)
        return nil
    }

    /// Writes Ethernet and IPv4 headers.
    private mutating func emitHeaders(
        to hardware: EthernetAddress, source: IPv4Address, destination: IPv4Address,
        protocol: IPProtocol, payloadByteCount: Int, into buffer: inout MutableRawSpan
    ) {
        EthernetHeader(destination: hardware, source: configuration.hardwareAddress, type: .ipv4).emit(into: &buffer)
        identification &+= 1
        IPv4Header(
            source: source, destination: destination, protocol: `protocol`, identification: identification,
            payloadByteCount: payloadByteCount
        ).emit(into: &buffer, at: EthernetHeader.byteCount)
    }
}

// What the stack says on its own account.
extension NetworkStack {
    mutating func enqueueARP(_ packet: ARPPacket) {
        let isRequest = packet.operation == .request
        let header = EthernetHeader(
            destination: isRequest ? .broadcast : packet.targetHardware,
            source: configuration.hardwareAddress, type: .arp)
        let byteCount = EthernetHeader.byteCount + ARPPacket.byteCount
        note(
            controlFrames.append(to: .complete, byteCount: byteCount) { frame in
                header.emit(into: &frame)
                packet.emit(into: &frame, at: EthernetHeader.byteCount)
            })
    }

    private mutating func enqueueARPRequest(for neighbor: IPv4Address) {
        guard let interface = address else { return }
        enqueueARP(
            ARPPacket(
                operation: .request, senderHardware: configuration.hardwareAddress,
                senderProtocol: interface.address, targetHardware: EthernetAddress(bits: 0),
                targetProtocol: neighbor))
    }

    /// A gratuitous request: neighbors with an old entry for our address take over the new one.
    private mutating func announce() {
        isAnnouncementDue = false
        guard let interface = address else { return }
        enqueueARPRequest(for: interface.address)
    }

    mutating func enqueueICMP(_ header: ICMPv4Header, payload: RawSpan, to destination: IPv4Address) {
        enqueuePacket(to: destination, protocol: .icmp, payloadByteCount: ICMPv4Header.byteCount + payload.byteCount) {
            header.emit(payload: payload, into: &$0, at: $1)
        }
    }

    /// Says that a packet cannot be delivered, unless the rate limit forbids it (RFC 1122, section 3.2.2.1).
    mutating func enqueueUnreachable(
        _ code: ICMPv4Header.UnreachableCode, about packet: borrowing IPv4View,
        now: Instant
    ) {
        guard unsolicitedReplies.allow(now: now) else { return dropStatistics.rateLimited += 1 }
        let header = ICMPv4Header(
            type: ICMPv4Header.MessageType.destinationUnreachable, code: code.rawValue,
            restOfHeader: 0)
        enqueueICMP(header, payload: packet.quotation, to: packet.header.source)
    }

    mutating func enqueueReset(_ reset: TCPReset) {
        transport.statistics.resetsSent += 1
        transport.statistics.transmittedSegments += 1
        let endpoints = reset.endpoints
        enqueuePacket(to: endpoints.remoteAddress, protocol: .tcp, payloadByteCount: TCPHeader.byteCount) {
            reset.header.emit(into: &$0, at: $1)
            var checksum = InternetChecksum()
            checksum.addPseudoHeader(
                source: endpoints.localAddress, destination: endpoints.remoteAddress,
                protocol: .tcp, length: TCPHeader.byteCount)
            checksum.add($0.bytes.extracting($1..<$1 + TCPHeader.byteCount))
            $0.storeBigEndian(checksum.value, at: $1 + TCPHeader.Offset.checksum)
        }
    }

    private mutating func enqueueDHCP(now: Instant) {
        guard let (message, destination) = dhcp?.nextMessage(now: now) else { return }
        let source = message.clientAddress
        let header = UDPHeader(sourcePort: DHCPMessage.clientPort, destinationPort: DHCPMessage.serverPort)
        enqueuePacket(
            to: destination, from: source, protocol: .udp,
            payloadByteCount: UDPHeader.byteCount + message.byteCount
        ) {
            message.emit(into: &$0, at: $1 + UDPHeader.byteCount)
            header.emit(
                source: source, destination: destination, payloadByteCount: message.byteCount,
                into: &$0, at: $1)
        }
    }

    /// Queues an IPv4 packet whose payload `compose` writes at the given offset.
    private mutating func enqueuePacket(
        to destination: IPv4Address, from source: IPv4Address? = nil,
        protocol: IPProtocol, payloadByteCount: Int,
        compose: (inout MutableRawSpan, Int) -> Void
    ) {
        guard let queueDestination = queueDestination(of: destination), let source = source ?? address?.address else {
            return dropStatistics.unreachable += 1
        }
        identification &+= 1
        let ethernet = EthernetHeader(destination: .broadcast, source: configuration.hardwareAddress, type: .ipv4)
        let ip = IPv4Header(
            source: source, destination: destination, protocol: `protocol`,
            identification: identification, payloadByteCount: payloadByteCount)
        let start = EthernetHeader.byteCount + IPv4Header.byteCount
        note(
            controlFrames.append(to: queueDestination, byteCount: start + payloadByteCount) { frame in
                ethernet.emit(into: &frame)
                ip.emit(into: &frame, at: EthernetHeader.byteCount)
                compose(&frame, start)
            })
    }

    private func queueDestination(of destination: IPv4Address) -> FrameQueue.Destination? {
        if destination == .broadcast { return .complete }
        return address?.nextHop(to: destination).map { .neighbor($0) }
    }

    private mutating func note(_ isQueued: Bool) {
        if !isQueued { dropStatistics.queueFull += 1 }
    }
}
