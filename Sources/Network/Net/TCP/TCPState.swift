/// The states of a connection (RFC 9293, section 3.3.2). LISTEN has no connection; a free slot is CLOSED.
enum TCPState: Sendable {
    case closed
    case synSent
    case synReceived
    case established
    case finWait1
    case finWait2
    case closeWait
    case closing
    case lastAck
    case timeWait

    /// The handshake is not complete yet.
    var isHandshaking: Bool { self == .synSent || self == .synReceived }

    /// The peer may still send data.
    var canReceive: Bool { self == .established || self == .finWait1 || self == .finWait2 }

    /// The user may still write.
    var canSend: Bool { self == .established || self == .closeWait || self == .synSent }
}
