import MonotonicTime

/// One stream's state: where it stands, its two buffers, and the credit of both sides (VIRTIO 1.2, 5.10.6.3).
struct VsockStream: Sendable {
    enum State: Equatable, Sendable {
        /// This side has asked and waits for an answer.
        case connecting
        case open
        /// This side has closed: once the rest is sent it waits for the peer's reset, until then at most.
        case closing(deadline: Instant)
    }

    let key: VsockStreamKey
    var state: State
    var receive: RingBuffer
    var send: RingBuffer

    /// Operations that are owed to the peer, besides data.
    var owed: Owed = []
    var events: PendingEvents = []
    /// A write was cut short.
    var wantsRoom = false
    /// This side will send nothing after what is in `send`.
    var isFinishing = false
    /// What this side has said it will no longer do, and what the peer has said.
    var localShutdown: VsockShutdown = []
    var peerShutdown: VsockShutdown = []
    /// In the stack's list of streams with something to send, or with events.
    var isReady = false
    var isEventful = false

    // Counts are modulo 2^32.
    /// Bytes sent, and of them those that the peer has taken out of its buffer, as far as it has said.
    var sentCount: UInt32 = 0
    var peerForwardedCount: UInt32 = 0
    var peerBufferByteCount: UInt32 = 0
    /// Bytes taken out of `receive`, and how many of them have been credited to the peer.
    var forwardedCount: UInt32 = 0
    var announcedForwardedCount: UInt32 = 0

    struct Owed: OptionSet, Sendable {
        let rawValue: UInt8
        static var request: Self { Self(rawValue: 1) }
        static var response: Self { Self(rawValue: 2) }
        static var creditUpdate: Self { Self(rawValue: 4) }
    }

    init(key: VsockStreamKey, state: State, _ configuration: VsockConfiguration) {
        self.key = key
        self.state = state
        receive = RingBuffer(capacity: configuration.receiveByteCountMax)
        send = RingBuffer(capacity: configuration.sendByteCountMax)
    }

    var isClosing: Bool { if case .closing = state { true } else { false } }

    /// Bytes that the peer's buffer still has room for. A peer that claims nonsense gets nothing.
    var credit: Int {
        let inFlight = sentCount &- peerForwardedCount
        return inFlight < peerBufferByteCount ? Int(peerBufferByteCount - inFlight) : 0
    }

    /// Whether the peer may send so many bytes now: data beyond the credit or after the end break the rules.
    func mayReceive(_ byteCount: Int) -> Bool {
        state != .connecting && !peerShutdown.contains(.send) && byteCount <= receive.room
    }

    /// What the peer must be sent when the stream's data are all sent; nil when it has been.
    var owedShutdown: VsockShutdown? {
        guard send.isEmpty else { return nil }
        let wanted: VsockShutdown = isClosing ? .both : isFinishing ? .send : []
        return localShutdown.isSuperset(of: wanted) ? nil : wanted
    }

    /// Neither side has anything left to say: a reset ends the stream (5.10.6.5).
    var isFinished: Bool {
        peerShutdown == .both && receive.isEmpty && owed.isEmpty
    }

    var hasSomethingToSend: Bool {
        guard state != .connecting else { return owed.contains(.request) }
        return !owed.isEmpty || isFinished || (!send.isEmpty && credit > 0) || owedShutdown != nil
    }

    /// Takes bytes off the receive buffer's count; whether the peer should be given the credit.
    mutating func forward(_ byteCount: Int) {
        forwardedCount &+= UInt32(byteCount)
        // Half a buffer at a time: the peer never runs dry, and a stream that fits the buffer costs no packet.
        if forwardedCount &- announcedForwardedCount >= UInt32(receive.capacity / 2) { owed.insert(.creditUpdate) }
    }
}

/// What names a stream on this side.
struct VsockStreamKey: Hashable, Sendable {
    let localPort: UInt32
    let peer: VsockAddress
}
