import MonotonicTime

extension VsockStack {
    /// Takes a packet: a header and its payload. Bytes behind the payload are ignored.
    public mutating func receive(_ packet: RawSpan) {
        guard let header = VsockHeader(parsing: packet), header.destination.context == localContext,
            header.source.context == peerContext
        else { return }
        let payload = packet.extracting(droppingFirst: VsockHeader.byteCount)
        let key = VsockStreamKey(localPort: header.destination.port, peer: header.source)
        guard header.type == .stream, Int(header.payloadByteCount) <= payload.byteCount else {
            return refuse(header, key)
        }
        guard let slot = slotByKey[key] else { return open(header, key) }
        slots[slot].stream!.peerBufferByteCount = header.bufferByteCount
        slots[slot].stream!.peerForwardedCount = header.forwardedCount
        switch header.operation {
        case .response: accept(slot)
        case .reset: end(slot)
        case .shutdown: shutDown(slot, VsockShutdown(rawValue: header.flags))
        case .readWrite: store(payload.extracting(first: Int(header.payloadByteCount)), slot)
        case .creditUpdate: update(slot) { _ in }
        case .creditRequest: update(slot) { $0.owed.insert(.creditUpdate) }
        default: fail(slot)
        }
    }

    private mutating func open(_ header: VsockHeader, _ key: VsockStreamKey) {
        guard header.operation == .request, listeningPorts.contains(key.localPort),
            let slot = makeStream(key, .open)
        else { return refuse(header, key) }
        update(slot) { stream in
            stream.peerBufferByteCount = header.bufferByteCount
            stream.peerForwardedCount = header.forwardedCount
            stream.owed.insert(.response)
            stream.events.insert(.accepted)
        }
    }

    /// Answers what belongs to no stream. A reset is never answered with one: two sides would go on for ever.
    private mutating func refuse(_ header: VsockHeader, _ key: VsockStreamKey) {
        guard header.operation != .reset else { return }
        if let slot = slotByKey[key] { return fail(slot) }
        enqueueReset(for: key, type: header.type)
    }

    private mutating func accept(_ slot: Int) {
        guard slots[slot].stream!.state == .connecting, !slots[slot].stream!.owed.contains(.request) else {
            return fail(slot)
        }
        update(slot) { stream in
            stream.state = .open
            stream.events.insert(.accepted)
        }
    }

    private mutating func end(_ slot: Int) {
        let stream = slots[slot].stream!
        let reason: VsockCloseReason =
            switch stream.state {
            case .connecting: .refused
            case .open: .reset
            case .closing: stream.send.isEmpty ? .finished : .reset
            }
        removeStream(slot, telling: reason)
    }

    private mutating func shutDown(_ slot: Int, _ flags: VsockShutdown) {
        guard slots[slot].stream!.state != .connecting else { return fail(slot) }
        update(slot) { stream in
            if flags.contains(.send), !stream.peerShutdown.contains(.send), !stream.isClosing {
                stream.events.insert(.peerClosed)
            }
            stream.peerShutdown.formUnion(flags.intersection(.both))
            // What the peer will not receive need not be kept.
            if stream.peerShutdown.contains(.receive) { stream.send.release() }
        }
    }

    private mutating func store(_ payload: RawSpan, _ slot: Int) {
        guard slots[slot].stream!.mayReceive(payload.byteCount) else { return fail(slot) }
        guard !slots[slot].stream!.isClosing else { return update(slot) { $0.forward(payload.byteCount) } }
        _ = slots[slot].stream!.receive.append(payload)
        update(slot) { stream in
            if payload.byteCount > 0 { stream.events.insert(.readable) }
        }
    }

    /// The peer broke a rule: both sides forget the stream.
    private mutating func fail(_ slot: Int) {
        enqueueReset(for: slots[slot].stream!.key)
        removeStream(slot, telling: .reset)
    }

    mutating func enqueueReset(for key: VsockStreamKey, type: VsockSocketType = .stream) {
        guard resets.count < Limits.vsockResetCount else { return }
        var header = VsockHeader(
            source: VsockAddress(context: localContext, port: key.localPort), destination: key.peer,
            operation: .reset)
        header.type = type
        resets.append(header)
    }
}
