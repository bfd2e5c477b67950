/// Names a connection; the platform chooses the number and does not use it again while the connection is open.
public struct ConnectionID: Hashable, Sendable {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
}

/// What the platform is to do for the server, in this order.
public enum ServerAction: Equatable, Sendable {
    /// Queue these bytes behind those already queued, report with `outputDrained` as the peer takes them, and hand
    /// their buffer back to `recycle`.
    case send(ConnectionID, [UInt8])
    /// Send FIN once everything queued has been sent, and keep receiving: the answer lingers until it is read.
    case finishSending(ConnectionID)
    /// Close in order once everything queued has been sent; the server has forgotten the connection.
    case close(ConnectionID)
    /// Reset at once and drop what is queued; the server has forgotten the connection.
    case abort(ConnectionID)
}
