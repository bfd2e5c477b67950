import MonotonicTime

// The user's side: listening, events, reading, writing, closing.
extension TCPTransport {
    mutating func listen(port: UInt16, backlog: Int) throws(ListenError) {
        guard port != 0 else { throw .invalidPort }
        guard backlog > 0 else { throw .invalidBacklog }
        guard !listeners.contains(where: { $0.port == port }) else { throw .portInUse }
        listeners.append(Listener(port: port, backlog: backlog))
    }

    /// Stops accepting; established connections stay, half-open ones are dropped.
    mutating func stopListening(port: UInt16) {
        listeners.removeAll { $0.port == port }
        for slot in slots.indices where halfOpen.contains(slot) && slots[slot].connection.endpoints.localPort == port {
            slots[slot].connection.finish(.reset)
            settle(slot)
        }
    }

    /// The active open. Nil when the connection table is full or the flow is in use.
    mutating func connect(_ endpoints: TCPEndpoints, now: Instant) -> SocketID? {
        guard table.slot(of: endpoints.key) == nil, establishedCount < configuration.maximumConnections else {
            return nil
        }
        let key = endpoints.key
        let connection = TCPConnection(
            connecting: endpoints, settings: settings,
            initialSequence: initialSequence.sequenceNumber(localAddress: endpoints.localAddress, key: key, now: now),
            timestampOffset: initialSequence.timestampOffset(localAddress: endpoints.localAddress, key: key), now: now)
        guard let slot = insert(connection, now: now) else { return nil }
        attach(slot)
        settle(slot)
        return SocketID(slot: slot, generation: slots[slot].generation)
    }

    /// The slot that `socket` names, unless the id is stale.
    func slot(of socket: SocketID) -> Int? {
        guard slots.indices.contains(socket.slot), slots[socket.slot].generation == socket.generation,
            slots[socket.slot].isAttached
        else { return nil }
        return socket.slot
    }

    /// The next event that the user has not heard of.
    mutating func nextEvent() -> SocketEvent? {
        while let slot = eventful.popFirst() {
            guard let event = takeEvent(of: slot) else { continue }
            if slots[slot].isAttached, !slots[slot].connection.events.isEmpty { eventful.append(slot) }
            return event
        }
        return nil
    }

    private mutating func takeEvent(of slot: Int) -> SocketEvent? {
        let socket = SocketID(slot: slot, generation: slots[slot].generation)
        let endpoints = slots[slot].connection.endpoints
        if slots[slot].connection.events.remove(.accepted) != nil {
            let peer = SocketAddress(address: endpoints.remoteAddress, port: endpoints.remotePort)
            return .accepted(socket, peer: peer, localPort: endpoints.localPort)
        }
        if slots[slot].connection.events.remove(.readable) != nil { return .readable(socket) }
        if slots[slot].connection.events.remove(.peerClosed) != nil { return .peerClosed(socket) }
        if slots[slot].connection.events.remove(.writable) != nil { return .writable(socket) }
        guard slots[slot].connection.events.contains(.closed), let reason = slots[slot].connection.closeReason else {
            return nil
        }
        // Bytes that arrived before an orderly end can still be read; the read that takes the last ones comes back
        // here.
        if reason == .finished, !slots[slot].connection.receive.buffer.isEmpty { return nil }
        detach(slot)
        return .closed(socket, reason)
    }

    mutating func read(_ socket: SocketID, into target: inout [UInt8], maximum: Int) -> Int {
        guard let slot = slot(of: socket) else { return 0 }
        let count = slots[slot].connection.read(into: &target, maximum: maximum)
        guard count > 0 else { return 0 }
        if slots[slot].connection.state == .closed {
            if slots[slot].connection.receive.buffer.isEmpty { eventful.append(slot) }
        } else {
            settle(slot)
        }
        return count
    }

    mutating func write(_ socket: SocketID, _ bytes: RawSpan) -> Int {
        guard let slot = slot(of: socket) else { return 0 }
        let count = slots[slot].connection.write(bytes)
        if count > 0 { ready.append(slot) }
        return count
    }

    mutating func finishWriting(_ socket: SocketID) {
        guard let slot = slot(of: socket), slots[slot].connection.state != .closed else { return }
        slots[slot].connection.finishWriting()
        settle(slot)
    }

    mutating func close(_ socket: SocketID, now: Instant) {
        guard let slot = slot(of: socket) else { return }
        slots[slot].connection.close(now: now)
        if slots[slot].connection.state == .closed { eventful.append(slot) } else { settle(slot) }
    }

    /// Ends the connection at once; the id is stale afterwards and no event follows.
    mutating func abort(_ socket: SocketID) -> TCPReset? {
        guard let slot = slot(of: socket) else { return nil }
        let reset = slots[slot].connection.abort()
        settle(slot)
        detach(slot)
        return reset
    }

    /// Ends every connection, because the local address is gone.
    mutating func finishAll(_ reason: CloseReason) {
        for slot in slots.indices where slots[slot].connection.state != .closed {
            slots[slot].connection.finish(reason)
            settle(slot)
        }
    }
}
