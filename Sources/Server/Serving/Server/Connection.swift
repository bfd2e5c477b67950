import HTTP
import MonotonicTime

/// One client's connection: its protocol state, and what it is waiting for.
///
/// A class, because a response goes to it from the engine's side while the server works through its connections.
final class Connection {
    let id: ConnectionID
    var http: HTTPServerConnection
    /// The completion that is being answered.
    var exchange: Exchange?
    /// The run of a program that answers.
    var program: ProgramExchange?
    /// The number of the last growth record that was sent, where the answer goes on with each new one.
    var growthFollowed: UInt64?
    /// The route of the request being answered, for the counts.
    var routeLabel = ""
    /// Bytes of the server's budget for bodies that the request holds that is arriving.
    var chargedBodyBytes = 0
    /// Bytes of `http.output` that the platform has been given and has not reported as drained.
    var handedCount = 0
    /// Whether the platform has been told to send FIN.
    var hasFinishedSending = false

    init(id: ConnectionID, limits: HTTPLimits, now: Instant) {
        self.id = id
        http = HTTPServerConnection(limits: limits, now: now)
    }
}
