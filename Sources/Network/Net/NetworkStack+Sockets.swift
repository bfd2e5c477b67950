import MonotonicTime

// What the user of the stack calls.
extension NetworkStack {
    /// Accepts connections to `port`. At most `backlog` handshakes are in progress at a time; further ones are ignored,
    /// and their clients try again.
    public mutating func listen(port: UInt16, backlog: Int) throws(ListenError) {
        try transport.listen(port: port, backlog: backlog)
    }

    /// Stops accepting connections to `port`. Those that are established stay.
    public mutating func stopListening(port: UInt16) {
        transport.stopListening(port: port)
    }

    /// The oldest event that was not read yet.
    public mutating func nextEvent() -> SocketEvent? {
        if isLossEventDue {
            isLossEventDue = false
            return .addressLost
        }
        if isConfigurationEventDue, let address {
            isConfigurationEventDue = false
            return .addressConfigured(address)
        }
        return transport.nextEvent()
    }

    /// Moves up to `maximum` received bytes to the end of `target` and returns how many. Zero means that nothing is
    /// there now; the end of the stream comes as the event `peerClosed`.
    public mutating func read(_ socket: SocketID, into target: inout [UInt8], maximum: Int = .max) -> Int {
        transport.read(socket, into: &target, maximum: maximum)
    }

    /// Up to `maximum` received bytes.
    public mutating func read(_ socket: SocketID, maximum: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        _ = read(socket, into: &bytes, maximum: maximum)
        return bytes
    }

    /// Queues as many of `bytes` as the send buffer has room for and returns how many. When that is not all of them,
    /// the event `writable` says when to go on. Zero for a stale id or after `finishWriting` and `close`.
    public mutating func write(_ socket: SocketID, _ bytes: RawSpan) -> Int {
        transport.write(socket, bytes)
    }

    /// As `write(_:_:)` with a span.
    public mutating func write(_ socket: SocketID, _ bytes: [UInt8]) -> Int {
        transport.write(socket, bytes.span.bytes)
    }

    /// How many bytes `write` would take now.
    public func writableByteCount(_ socket: SocketID) -> Int {
        guard let slot = transport.slot(of: socket), transport.slots[slot].connection.canWrite else { return 0 }
        return transport.slots[slot].connection.send.buffer.room
    }

    /// How many bytes can be read now.
    public func readableByteCount(_ socket: SocketID) -> Int {
        guard let slot = transport.slot(of: socket) else { return 0 }
        return transport.slots[slot].connection.receive.buffer.count
    }

    /// How many written bytes the peer has not acknowledged yet, whether they were sent or not.
    public func unacknowledgedByteCount(_ socket: SocketID) -> Int {
        guard let slot = transport.slot(of: socket) else { return 0 }
        return transport.slots[slot].connection.send.buffer.count
    }

    /// Half-close: the peer sees the end of the stream after everything written; reading goes on.
    public mutating func finishWriting(_ socket: SocketID) {
        transport.finishWriting(socket)
    }

    /// Orderly close: what was written is still delivered; what arrives from now on is acknowledged and dropped. The
    /// event `closed` follows.
    public mutating func close(_ socket: SocketID, now: Instant) {
        transport.close(socket, now: now)
    }

    /// Abortive close: both directions are forgotten and the peer gets a reset. The id is stale at once and no event
    /// follows.
    public mutating func abort(_ socket: SocketID) {
        guard let reset = transport.abort(socket) else { return }
        enqueueReset(reset)
    }

    /// Opens a connection, for the peers of simulated links. Nil without an address or a free place.
    package mutating func connect(to peer: SocketAddress, localPort: UInt16, now: Instant) -> SocketID? {
        guard let address else { return nil }
        let endpoints = TCPEndpoints(
            localAddress: address.address, localPort: localPort,
            remoteAddress: peer.address, remotePort: peer.port)
        return transport.connect(endpoints, now: now)
    }
}
