import Engine
import HTTP
import Law
import MonotonicTime

/// What the network reports.
extension Server where LM: ~Copyable {
    /// Whether another connection is taken.
    var canAccept: Bool { connections.count < configuration.connectionsMax && !isDraining }

    /// How many bytes the connection can take; a platform that receives no more lets TCP slow the client down.
    public func receiveCapacity(of id: ConnectionID) -> Int { connection(id)?.http.receiveCapacity ?? 0 }

    /// A client has connected. One too many is reset, and so is one that comes during a drain.
    public mutating func connectionOpened(_ id: ConnectionID, now: Instant) {
        guard canAccept else { return actions.append(.abort(id)) }
        metrics.acceptedConnections += 1
        connections.append(Connection(id: id, limits: configuration.http, now: now))
    }

    public mutating func received(_ id: ConnectionID, bytes: Span<UInt8>, now: Instant) {
        guard let connection = connection(id) else { return }
        connection.http.receive(bytes, now: now)
        handleEvents(of: connection, now: now)
    }

    /// The peer has sent FIN.
    ///
    /// Whether it only finished sending or went away cannot be told until a write is answered by RST, by when tokens
    /// have been made for nobody. HTTP clients that wait for an answer keep their side open (RFC 9112 section 9.6 lets
    /// a server treat a half-closed client either way), so FIN cancels a completion under way. Answers that need no
    /// model are already on their way when FIN comes, and are delivered.
    public mutating func peerClosed(_ id: ConnectionID, now: Instant) {
        guard let connection = connection(id) else { return }
        connection.http.peerClosed(now: now)
        if let exchange = connection.exchange {
            cancel(exchange)
            connection.http.abort()
        }
        if let program = connection.program {
            end(program)
            connection.http.abort()
        }
        if connection.growthFollowed != nil { connection.http.abort() }
        handleEvents(of: connection, now: now)
    }

    /// The connection is gone (RST, or given up by TCP): what it waited for is cancelled.
    public mutating func connectionLost(_ id: ConnectionID) {
        guard let connection = connection(id) else { return }
        forget(connection)
    }

    /// The transport has taken `byteCount` of the bytes that were handed over for this connection.
    public mutating func outputDrained(_ id: ConnectionID, byteCount: Int, now: Instant) {
        guard let connection = connection(id) else { return }
        let count = min(max(byteCount, 0), connection.handedCount)
        connection.handedCount -= count
        connection.http.removeOutput(count, now: now)
        updatePause(of: connection)
        flush(connection)
    }

    /// Takes back the bytes of a `.send` that the platform has copied or sent, to be filled again: a token's bytes then
    /// need no new memory. A platform that keeps them costs nothing but that.
    public mutating func recycle(_ bytes: consuming [UInt8]) {
        guard spareBuffers.count < Limits.spareBuffersMax, bytes.capacity <= Limits.spareBufferBytesMax else { return }
        // Emptied only when it is used: the caller may still hold it, and would then have it copied.
        spareBuffers.append(bytes)
    }

    // MARK: Inside

    func connection(_ id: ConnectionID) -> Connection? { connections.first { $0.id == id } }

    /// Answers the requests that have arrived, and does what the connection's state asks for.
    mutating func handleEvents(of connection: Connection, now: Instant) {
        while let event = connection.http.nextEvent() {
            switch event {
            case .request(let request): answer(request, on: connection, now: now)
            case .body(of: let request, let byteCount): receiveBody(of: request, byteCount, on: connection, now: now)
            case .refusal(let error): refuse(error, on: connection, now: now)
            }
            if !connection.http.isReceivingBody { releaseBody(of: connection) }
        }
        flush(connection)
    }

    /// Hands new output to the platform, and ends the connection when its time has come.
    mutating func flush(_ connection: Connection) {
        let count = min(connection.http.outputBacklog, Limits.handedOutputBytes) - connection.handedCount
        if count > 0 {
            let range = connection.handedCount..<(connection.handedCount + count)
            connection.handedCount += count
            var bytes = spareBuffers.popLast() ?? []
            bytes.removeAll(keepingCapacity: true)
            connection.http.copyOutput(range, to: &bytes)
            actions.append(.send(connection.id, bytes))
        }
        guard connection.http.outputBacklog == connection.handedCount || connection.http.disposition == .abort else {
            return
        }
        switch connection.http.disposition {
        case .open: break
        case .finishSending:
            guard !connection.hasFinishedSending else { return }
            connection.hasFinishedSending = true
            actions.append(.finishSending(connection.id))
        case .close:
            forget(connection)
            actions.append(.close(connection.id))
        case .abort:
            forget(connection)
            actions.append(.abort(connection.id))
        }
    }

    private mutating func forget(_ connection: Connection) {
        if let exchange = connection.exchange { cancel(exchange) }
        if let program = connection.program { end(program) }
        endFollowing(connection, now: nil)
        releaseBody(of: connection)
        connections.removeAll { $0 === connection }
    }

    /// Holds back the generations of a client that does not keep up with reading, and lets them go on when it has.
    mutating func updatePause(of connection: Connection) {
        guard let exchange = connection.exchange else { return }
        let backlog = connection.http.outputBacklog
        let isBehind = backlog > (exchange.isPaused ? Limits.resumeBelowBytes : Limits.pauseAboveBytes)
        guard isBehind != exchange.isPaused else { return }
        exchange.isPaused = isBehind
        for id in exchange.generations { service?.engine.setPaused(isBehind, id) }
    }

    /// Stops a completion that nobody waits for any more.
    mutating func cancel(_ exchange: Exchange) {
        for id in exchange.generations { service?.engine.cancel(id) }
        end(exchange)
    }

    mutating func end(_ exchange: Exchange) {
        exchanges.removeAll { $0 === exchange }
        release(exchange.lease.take())
        connection(exchange.connection)?.exchange = nil
    }

    /// Gives a request's share of its subject's quotas back.
    mutating func release(_ lease: consuming QuotaLease?) {
        if let lease { lease.release(to: &law) }
    }
}

extension HTTPServerConnection {
    /// Appends a part of the output to `bytes`.
    fileprivate func copyOutput(_ range: Range<Int>, to bytes: inout [UInt8]) {
        bytes.reserveCapacity(range.count)
        let output = self.output
        for index in range { bytes.append(output[index]) }
    }
}
