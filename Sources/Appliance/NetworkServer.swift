import Law
import Model
import MonotonicTime
import Net
import Serving

/// The LLM server on a TCP/IP stack: frames and time in, frames out. All of the appliance that is neither a device nor
/// the machine; the kernel drives it with a network device, tests with a simulated link.
///
/// The driver's loop: `receive` each frame, then `turn` (again while it says there is more work), then `transmit` until
/// it has nothing to send; idle until `nextDeadline` or the next frame.
public struct NetworkServer<LM: LanguageModel & ~Copyable>: ~Copyable {
    public private(set) var stack: NetworkStack
    public private(set) var server: Server<LM>

    private var linksBySocket: [SocketID: Link] = [:]
    private var linksByNumber: [UInt64: Link] = [:]
    /// Links with received bytes that the server had no room for, or whose peer's FIN waits behind such bytes.
    private var stalledReaders: [Link] = []
    private var nextNumber: UInt64 = 1

    /// What the interface's owner may want to tell people.
    public enum Notice: Equatable, Sendable {
        case addressConfigured(InterfaceAddress)
        case addressLost
    }
    private var notices: [Notice] = []

    public init(stack: consuming NetworkStack, server: consuming Server<LM>) {
        self.stack = stack
        self.server = server
    }

    /// Accepts connections on `port` for whoever the law lets listen.
    public mutating func listen(
        _ permit: consuming Permit<Listen>, port: UInt16, backlog: Int
    ) throws(ListenError) {
        precondition(permit.target == .tcpPort)
        try stack.listen(port: port, backlog: backlog)
    }

    /// Hands the loaded model to the server.
    public mutating func start(_ service: ModelService<LM>) { server.start(service) }

    /// Takes note of what the machine tells of itself, for `/metrics`.
    public mutating func report(_ machine: PlatformStatistics) { server.report(machine) }

    /// A line that a program wrote for the kernel's log, oldest first.
    public mutating func takeProgramLogLine() -> [UInt8]? { server.takeProgramLogLine() }

    /// Lends the law to whoever holds a capability.
    public mutating func withLaw<Result>(_ body: (inout Law) -> Result) -> Result { server.withLaw(body) }

    /// See `Server.beginDrain`.
    public mutating func beginDrain(now: Instant) { server.beginDrain(now: now) }

    public mutating func takeNotice() -> Notice? { notices.isEmpty ? nil : notices.removeFirst() }
}

// MARK: - The driver's loop

extension NetworkServer where LM: ~Copyable {
    public mutating func receive(_ frame: RawSpan, checksumValidated: Bool, now: Instant) {
        stack.receive(frame, checksumValidated: checksumValidated, now: now)
    }

    /// Fills `buffer` with the next frame to send; nil when there is none.
    public mutating func transmit(into buffer: inout MutableRawSpan, now: Instant) -> TransmitDescriptor? {
        stack.transmit(into: &buffer, now: now)
    }

    /// Lets time pass, carries what arrived to the server, has it do one slice of work, and carries the result back.
    ///
    /// - Returns: whether there is more work to do at once.
    public mutating func turn(now: Instant) -> Bool {
        if stack.nextDeadline <= now { stack.advance(to: now) }
        if server.nextDeadline <= now { server.advance(to: now) }
        while let event = stack.nextEvent() { handle(event, now: now) }
        retryStalledReaders(now: now)
        let hasMore = server.step(now: now)
        while let action = server.nextAction() { perform(action, now: now) }
        return hasMore
    }

    public var nextDeadline: Instant { min(stack.nextDeadline, server.nextDeadline) }

    /// Connections that the stack still holds for the server.
    public var openConnectionCount: Int { linksBySocket.count }

    /// Whether a drain is complete: every answer has been given to the peers and acknowledged by them.
    public var isDrained: Bool {
        server.isDrained && linksBySocket.values.allSatisfy { stack.unacknowledgedByteCount($0.socket) == 0 }
    }
}

// MARK: - From the stack to the server

extension NetworkServer where LM: ~Copyable {
    private mutating func handle(_ event: SocketEvent, now: Instant) {
        switch event {
        case .accepted(let socket, _, _):
            let link = Link(socket: socket, number: nextNumber)
            nextNumber += 1
            linksBySocket[socket] = link
            linksByNumber[link.number] = link
            server.connectionOpened(link.id, now: now)
        case .readable(let socket):
            if let link = linksBySocket[socket] { read(link, now: now) }
        case .peerClosed(let socket):
            guard let link = linksBySocket[socket] else { return }
            link.hasPeerClosed = true
            read(link, now: now)
        case .writable(let socket):
            if let link = linksBySocket[socket] { flush(link, now: now) }
        case .closed(let socket, _):
            guard let link = linksBySocket[socket] else { return }
            if !link.isForgotten { server.connectionLost(link.id) }
            remove(link)
        case .addressConfigured(let address):
            notices.append(.addressConfigured(address))
        case .addressLost:
            notices.append(.addressLost)
        }
    }

    /// Reads what the server has room for; the rest stays in the receive buffer and closes the peer's window.
    private mutating func read(_ link: Link, now: Instant) {
        guard !link.isForgotten else {
            // The server is done with the connection: what still arrives is read and dropped, so that the peer's FIN
            // comes through.
            _ = stack.read(link.socket)
            return
        }
        while true {
            let capacity = server.receiveCapacity(of: link.id)
            guard capacity > 0, stack.readableByteCount(link.socket) > 0 else { break }
            let bytes = stack.read(link.socket, maximum: capacity)
            server.received(link.id, bytes: bytes.span, now: now)
        }
        if stack.readableByteCount(link.socket) > 0 {
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
        linksBySocket[link.socket] = nil
        linksByNumber[link.number] = nil
    }
}

// MARK: - From the server to the stack

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
            stack.abort(link.socket)
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
            let count = stack.write(link.socket, chunk.span.bytes)
            guard count > 0 else { break }
            if let spent = link.output.consume(count) { server.recycle(spent) }
            accepted += count
        }
        if accepted > 0, !link.isForgotten { server.outputDrained(link.id, byteCount: accepted, now: now) }
        guard link.output.isEmpty else { return }
        switch link.ending {
        case .none: break
        case .finishSending: stack.finishWriting(link.socket)
        case .close: stack.close(link.socket, now: now)
        }
        link.ending = .none
    }
}
