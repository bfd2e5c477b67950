import Engine
import Law
import MonotonicTime
import Net
import Serving
import Transformer

/// The LLM server on its transports: frames, packets and time in, frames and packets out. All of the appliance that is
/// neither a device nor the machine; the kernel drives it with devices, tests with a simulated link.
///
/// The driver's loop: `receive` each frame and packet, then `turn` (again while it says there is more work), then
/// `transmit` until there is nothing to send; idle until `nextDeadline` or the next frame or packet.
public struct NetworkServer<LM: LanguageModel & ~Copyable>: ~Copyable {
    public private(set) var transports: StreamTransports
    public private(set) var server: Server<LM>

    private var linksByStream: [StreamID: Link] = [:]
    private var linksByNumber: [UInt64: Link] = [:]
    /// Links with received bytes that the server had no room for, or whose peer's FIN waits behind such bytes.
    private var stalledReaders: [Link] = []
    private var nextNumber: UInt64 = 1

    private var notices: [NetworkNotice] = []

    /// - Parameters:
    ///   - stack: a TCP/IP stack, where there is a network device.
    ///   - vsock: a vsock stack, where there is a socket device.
    public init(
        stack: consuming NetworkStack? = nil, vsock: consuming VsockStack? = nil, server: consuming Server<LM>
    ) {
        transports = StreamTransports(tcp: stack, vsock: vsock)
        self.server = server
    }

    /// Accepts connections on `port` of every transport there is, for whoever the law lets listen.
    public mutating func listen(
        _ permit: consuming Permit<Listen, TCPPortTarget>, port: UInt16, backlog: Int
    ) throws(ListenError) {
        try transports.tcp?.listen(port: port, backlog: backlog)
        transports.vsock?.listen(port: UInt32(port))
    }

    /// Hands the loaded model to the server.
    public mutating func start(_ service: LoadedModel<LM>) { server.start(service) }

    /// See `Server.limitRequestBodies`.
    public mutating func limitRequestBodies(freeByteCount: Int) {
        server.limitRequestBodies(freeByteCount: freeByteCount)
    }

    /// Takes note of what the machine tells of itself, for `/metrics`.
    public mutating func report(_ machine: PlatformStatistics) {
        var statistics = machine
        statistics.network = transports.networkStatistics
        server.report(statistics)
    }

    /// A line that a program wrote for the kernel's log, oldest first.
    public mutating func takeProgramLogLine() -> [UInt8]? { server.takeProgramLogLine() }

    /// Lends the law to whoever holds a capability.
    public mutating func withLaw<Result: ~Copyable>(_ body: (inout Law) -> Result) -> Result { server.withLaw(body) }

    /// See `Server.beginDrain`.
    public mutating func beginDrain(now: Instant) { server.beginDrain(now: now) }

    /// See `Server.resume`.
    public mutating func resume(originUnixSeconds: UInt64, randomSeed: UInt64, now: Instant) {
        server.resume(originUnixSeconds: originUnixSeconds, randomSeed: randomSeed, now: now)
    }

    /// See `Server.endDrain`.
    public mutating func endDrain() { server.endDrain() }

    /// The socket device has forgotten all streams: so do the stack and the server.
    public mutating func dropStreams() {
        for (stream, link) in linksByStream {
            guard case .vsock = stream else { continue }
            if !link.isForgotten { server.connectionLost(link.id) }
            remove(link)
        }
        stalledReaders.removeAll()
        transports.vsock?.dropStreams()
    }

    public mutating func takeNotice() -> NetworkNotice? { notices.isEmpty ? nil : notices.removeFirst() }
}

// MARK: - The driver's loop

extension NetworkServer where LM: ~Copyable {
    public mutating func receive(_ frame: RawSpan, checksumValidated: Bool, now: Instant) {
        transports.tcp?.receive(frame, checksumValidated: checksumValidated, now: now)
    }

    /// Takes a packet of the socket device.
    public mutating func receive(packet: RawSpan) { transports.vsock?.receive(packet) }

    /// Fills `buffer` with the next frame to send; nil when there is none.
    public mutating func transmit(into buffer: inout MutableRawSpan, now: Instant) -> TransmitDescriptor? {
        transports.tcp?.transmit(into: &buffer, now: now)
    }

    /// Whether `transmitPacket` has something to send.
    public var hasPacket: Bool { transports.vsock?.hasPacket ?? false }

    /// Fills `buffer` with the next packet for the socket device; answers its bytes, or nil when there is none.
    public mutating func transmitPacket(into buffer: inout MutableRawSpan) -> Int? {
        transports.vsock?.transmit(into: &buffer)
    }

    /// Lets time pass, carries what arrived to the server, has it do one slice of work, and carries the result back.
    ///
    /// - Returns: whether there is more work to do at once.
    public mutating func turn(now: Instant) -> Bool {
        transports.advance(to: now)
        if server.nextDeadline <= now { server.advance(to: now) }
        while let event = transports.nextEvent() { handle(event, now: now) }
        retryStalledReaders(now: now)
        let hasMore = server.step(now: now)
        while let action = server.nextAction() { perform(action, now: now) }
        return hasMore
    }

    public var nextDeadline: Instant { min(transports.nextDeadline, server.nextDeadline) }

    /// Connections that the transports still hold for the server.
    public var openConnectionCount: Int { linksByStream.count }

    /// Whether a drain is complete: every answer has been given to the peers.
    public var isDrained: Bool {
        server.isDrained && linksByStream.values.allSatisfy { transports.undeliveredByteCount($0.stream) == 0 }
    }
}

// MARK: - From the transports to the server

extension NetworkServer where LM: ~Copyable {
    private mutating func handle(_ event: StreamTransports.Event, now: Instant) {
        switch event {
        case .opened(let stream):
            let link = Link(stream: stream, number: nextNumber)
            nextNumber += 1
            linksByStream[stream] = link
            linksByNumber[link.number] = link
            server.connectionOpened(link.id, now: now)
        case .readable(let stream):
            if let link = linksByStream[stream] { read(link, now: now) }
        case .peerClosed(let stream):
            guard let link = linksByStream[stream] else { return }
            link.hasPeerClosed = true
            read(link, now: now)
        case .writable(let stream):
            if let link = linksByStream[stream] { flush(link, now: now) }
        case .closed(let stream):
            guard let link = linksByStream[stream] else { return }
            if !link.isForgotten { server.connectionLost(link.id) }
            remove(link)
        case .notice(let notice): notices.append(notice)
        }
    }

    /// Reads what the server has room for; the rest stays in the receive buffer and closes the peer's window.
    private mutating func read(_ link: Link, now: Instant) {
        guard !link.isForgotten else {
            // The server is done with the connection: what still arrives is read and dropped, so that the peer's FIN
            // comes through.
            _ = transports.read(link.stream)
            return
        }
        while true {
            let capacity = server.receiveCapacity(of: link.id)
            guard capacity > 0, transports.readableByteCount(link.stream) > 0 else { break }
            let bytes = transports.read(link.stream, maximum: capacity)
            server.received(link.id, bytes: bytes.span, now: now)
        }
        if transports.readableByteCount(link.stream) > 0 {
            if !link.isStalled { stalledReaders.append(link) }
            link.isStalled = true
        } else if link.hasPeerClosed, !link.isPeerCloseReported {
            link.isPeerCloseReported = true
            server.peerClosed(link.id, now: now)
        }
    }

    private mutating func retryStalledReaders(now: Instant) {
        guard !stalledReaders.isEmpty else { return }
        let links = stalledReaders
        stalledReaders.removeAll(keepingCapacity: true)
        for link in links {
            link.isStalled = false
            if linksByNumber[link.number] != nil { read(link, now: now) }
        }
    }

    private mutating func remove(_ link: Link) {
        linksByStream[link.stream] = nil
        linksByNumber[link.number] = nil
    }
}

// MARK: - From the server to the transports

extension NetworkServer where LM: ~Copyable {
    private mutating func perform(_ action: ServerAction, now: Instant) {
        switch action {
        case .send(let id, let bytes):
            guard let link = linksByNumber[id.number] else { return }
            link.output.append(bytes)
            flush(link, now: now)
        case .finishSending(let id):
            end(id, .finishSending, now: now)
        case .close(let id):
            linksByNumber[id.number]?.isForgotten = true
            end(id, .close, now: now)
        case .abort(let id):
            guard let link = linksByNumber[id.number] else { return }
            transports.abort(link.stream)
            remove(link)
        }
    }

    private mutating func end(_ id: ConnectionID, _ ending: Link.Ending, now: Instant) {
        guard let link = linksByNumber[id.number] else { return }
        link.ending = ending
        flush(link, now: now)
    }

    /// Gives the send buffer what it takes, and ends the connection once everything is in it.
    private mutating func flush(_ link: Link, now: Instant) {
        var accepted = 0
        while let chunk = link.output.next {
            let count = transports.write(link.stream, chunk.span.bytes)
            guard count > 0 else { break }
            if let spent = link.output.consume(count) { server.recycle(spent) }
            accepted += count
        }
        if accepted > 0, !link.isForgotten { server.outputDrained(link.id, byteCount: accepted, now: now) }
        guard link.output.isEmpty else { return }
        switch link.ending {
        case .none: break
        case .finishSending: transports.finishWriting(link.stream)
        case .close: transports.close(link.stream, now: now)
        }
        link.ending = .none
    }
}
