import MonotonicTime

/// The server's side of one HTTP/1.1 connection: received bytes and time go in; requests, bytes to send and the moment
/// to close come out. It owns no socket and no clock.
///
/// The owner's duties, after anything went in:
/// 1. take `nextEvent()` until it is nil, and answer each event in its own time: `respond` at once, or `beginResponse`,
///    any number of `write`s, `endResponse`. The next event comes only when the response before it has ended, so that
///    pipelined requests are answered in order.
/// 2. send `output`, as much as the transport takes, and report it by `removeOutput`.
/// 3. do what `disposition` says.
/// 4. call `advance(to:)` at `nextDeadline`.
public struct HTTPServerConnection {
    public enum Event: Equatable, Sendable {
        /// Answer it.
        case request(HTTPRequest)
        /// The request's body, which has not come yet, needs more memory than was granted: `grantBody` at least
        /// `byteCount` bytes in all (zero when no length is known), or answer at once, and the connection closes.
        case body(of: HTTPRequest, byteCount: Int)
        /// What was received is no acceptable request: answer it with the error's status, and the connection closes.
        case refusal(HTTPError)
    }

    /// What the owner does with the transport.
    public enum Disposition: Equatable, Sendable {
        /// Keep sending and receiving.
        case open
        /// Once `output` is empty, send FIN, and keep receiving: the last response lingers until the peer has read it.
        case finishSending
        /// Once `output` is empty, close and forget the connection.
        case close
        /// Reset and forget the connection: the peer stopped reading, or the response cannot be completed.
        case abort
    }

    let limits: HTTPLimits
    var phase: Phase
    var decoder: HTTPRequestDecoder
    /// Bytes received while a request was being answered, from `queueStart` on.
    var queue: [UInt8] = []
    var queueStart = 0
    /// More was received than the queue may hold: the stream is cut, and nothing after the current request is read.
    var isQueueCut = false
    /// The peer has sent FIN. While a response is under way the owner decides whether this means that nobody is
    /// listening.
    public internal(set) var isPeerClosed = false
    /// The owner wants no further request: see `drain`.
    var isDraining = false
    /// Bytes to send, from `outputStart` on.
    var outputBuffer: [UInt8] = []
    var outputStart = 0
    /// When output that makes no progress ends the connection.
    var stallDeadline = Instant.distantFuture

    /// A connection accepted at `now`.
    public init(limits: HTTPLimits = HTTPLimits(), now: Instant) {
        self.limits = limits
        decoder = HTTPRequestDecoder(limits: limits)
        phase = .waiting(until: now + limits.idleTimeout)
    }

    /// Takes the next event, if there is one. Until it has been answered there is no other.
    public mutating func nextEvent() -> Event? {
        switch phase {
        case .decoded(let event):
            phase = .responding(Exchange(event, isLast: isDraining))
            return event
        case .bodyAnnounced(let request, let byteCount, let since):
            let event = Event.body(of: request, byteCount: byteCount)
            phase = .awaitingGrant(Exchange(event, isLast: true), since: since)
            return event
        default: return nil
        }
    }

    public var disposition: Disposition {
        switch phase {
        case .lingering: .finishSending
        case .closed: .close
        case .aborted: .abort
        case .waiting, .readingHead, .readingBody, .bodyAnnounced, .awaitingGrant, .decoded, .responding, .streaming:
            .open
        }
    }

    /// Whether a request was handed out and its response has not ended.
    public var isResponding: Bool {
        switch phase {
        case .responding, .streaming: true
        default: false
        }
    }

    /// Whether a request's body is arriving or announced: what was granted for it is in use.
    public var isReceivingBody: Bool {
        switch phase {
        case .readingBody, .bodyAnnounced, .awaitingGrant: true
        default: false
        }
    }

    /// Bytes that the connection holds: a body that is arriving, what is queued, what waits to be sent.
    var bufferedByteCount: Int {
        decoder.bodyByteCount + queue.count + outputBuffer.count
    }

    /// Ends the connection without completing the response, so that the client can tell that it is cut short.
    public mutating func abort() {
        phase = .aborted
        discardInput()
        discardOutput()
    }

    /// Winds the connection down: at once when it is between requests, otherwise after the current response.
    public mutating func drain() {
        isDraining = true
        switch phase {
        case .waiting: phase = .closed
        case .responding(var exchange):
            exchange.keepsAlive = false
            phase = .responding(exchange)
        default: break
        }
    }
}

/// What the connection is doing; each case carries what only it needs.
enum Phase {
    /// Between requests.
    case waiting(until: Instant)
    case readingHead(until: Instant)
    /// The deadline moves with the bytes received; see `HTTPServerConnection.bodyDeadline`.
    case readingBody(since: Instant)
    /// The owner has yet to take the event that a body needs a grant.
    case bodyAnnounced(HTTPRequest, byteCount: Int, since: Instant)
    /// The owner has taken it, and has yet to grant the body or to begin the response.
    case awaitingGrant(Exchange, since: Instant)
    /// The owner has yet to take the event.
    case decoded(HTTPServerConnection.Event)
    /// The owner has taken the event, and has yet to begin the response.
    case responding(Exchange)
    /// The owner is writing the response's body.
    case streaming(Exchange, BodyFraming)
    /// The last response is complete; input is discarded until the peer closes.
    case lingering(until: Instant)
    case closed
    case aborted
}

/// What a response must know of its request.
struct Exchange {
    /// The response to HEAD has no body, whatever its head says.
    let isHead: Bool
    let version: HTTPVersion
    /// Whether another request may follow on this connection.
    var keepsAlive: Bool

    init(_ event: HTTPServerConnection.Event, isLast: Bool) {
        switch event {
        case .request(let request), .body(of: let request, _):
            isHead = request.method == .head
            version = request.version
            keepsAlive = request.keepsAlive && !isLast
        case .refusal:
            isHead = false
            version = .http1_1
            keepsAlive = false
        }
    }
}
