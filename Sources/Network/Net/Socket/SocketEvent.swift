/// What the stack reports to its user; read with `NetworkStack.nextEvent()`.
///
/// Events of one kind on one connection are merged until they are read. For each connection they come in this order:
/// `accepted`, then any of `readable`, `writable` and `peerClosed`, then `closed`, after which the id is stale.
public enum SocketEvent: Equatable, Sendable {
    /// A handshake is complete. The connection came to the listener of `localPort`.
    case accepted(SocketID, peer: SocketAddress, localPort: UInt16)
    /// There is something to read.
    case readable(SocketID)
    /// A write was cut short before; now the send buffer has room again.
    case writable(SocketID)
    /// The peer will send nothing more (FIN): after the unread bytes comes the end of the stream. Writing still works.
    case peerClosed(SocketID)
    /// The connection is gone and the id is stale.
    case closed(SocketID, CloseReason)
    /// The interface has an address: connections can come in.
    case addressConfigured(InterfaceAddress)
    /// The DHCP lease ended. All connections are closed with `addressLost`.
    case addressLost
}

/// Why a connection ended.
public enum CloseReason: Equatable, Sendable {
    /// Both sides finished, and everything sent was acknowledged.
    case finished
    /// The peer reset the connection; what was unread or unsent is lost.
    case reset
    /// The peer did not answer: retransmissions, zero-window probes, keep-alives or the lingering close ran out.
    case timedOut
    /// This host lost the address that the connection used.
    case addressLost
}

/// Why `NetworkStack.listen(port:backlog:)` refused.
public enum ListenError: Error, Equatable, Sendable {
    /// Port 0 names no port.
    case invalidPort
    /// The backlog must be at least one.
    case invalidBacklog
    /// There is a listener on this port already.
    case portInUse
}
