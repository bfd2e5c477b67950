/// Names a stream. The generation makes a stale id harmless: it never names a later stream.
public struct VsockStreamID: Hashable, Sendable {
    let slot: Int
    let generation: UInt32
}

/// What a `VsockStack` reports to its user.
///
/// Events of one kind on one stream are merged until they are read. For each stream they come in this order: `opened`,
/// then any of `readable`, `writable` and `peerClosed`, then `closed`, after which the id is stale.
public enum VsockEvent: Equatable, Sendable {
    /// A peer has opened a stream to `localPort`, or has accepted one that this side opened.
    case opened(VsockStreamID, localPort: UInt32)
    /// There is something to read.
    case readable(VsockStreamID)
    /// A write was cut short before; now the send buffer has room again.
    case writable(VsockStreamID)
    /// The peer will send nothing more: after the unread bytes comes the end of the stream. Writing still works.
    case peerClosed(VsockStreamID)
    /// The stream is gone and the id is stale.
    case closed(VsockStreamID, VsockCloseReason)
}

/// Why a stream ended.
public enum VsockCloseReason: Equatable, Sendable {
    /// Both sides have finished; everything that was received has been read.
    case finished
    /// The peer reset the stream, or broke the protocol's rules; what was unsent is lost.
    case reset
    /// There is no listener.
    case refused
}

/// Sizes of a `VsockStack`.
public struct VsockConfiguration: Equatable, Sendable {
    /// Streams that can be open at a time; further ones are refused.
    public var streamCountMax: Int
    /// Bytes that wait on each stream for the user to read: the credit that the peer is given.
    public var receiveByteCountMax: Int
    /// Bytes that wait on each stream to be sent.
    public var sendByteCountMax: Int

    public init(
        streamCountMax: Int = 1_024, receiveByteCountMax: Int = 64 << 10, sendByteCountMax: Int = 64 << 10
    ) {
        precondition(streamCountMax > 0 && receiveByteCountMax > 0 && sendByteCountMax > 0)
        precondition(receiveByteCountMax <= Int(UInt32.max))
        self.streamCountMax = streamCountMax
        self.receiveByteCountMax = receiveByteCountMax
        self.sendByteCountMax = sendByteCountMax
    }
}
