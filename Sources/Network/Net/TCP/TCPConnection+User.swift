import MonotonicTime

// What the user of a connection may do.
extension TCPConnection {
    /// Neither the user nor the connection has finished sending.
    var canWrite: Bool { state.canSend && !send.isFinished }

    /// Takes as many bytes as the send buffer has room for; none once the user or the connection has finished.
    mutating func write(_ bytes: RawSpan) -> Int {
        guard canWrite else { return 0 }
        let accepted = send.buffer.append(bytes)
        if accepted < bytes.byteCount { send.isWriterWaiting = true }
        return accepted
    }

    /// Moves up to `maximum` received bytes to the end of `target`.
    mutating func read(into target: inout [UInt8], maximum: Int) -> Int {
        receive.read(into: &target, maximum: maximum)
    }

    /// Half-close: FIN follows the last byte written, and reading goes on.
    mutating func finishWriting() {
        guard !send.isFinished else { return }
        switch state {
        case .established: state = .finWait1
        case .closeWait: state = .lastAck
        case .synSent, .synReceived: break
        default: return
        }
        send.isFinished = true
        send.isWriterWaiting = false
    }

    /// Full close: what was written is still delivered, what arrives is acknowledged and dropped. A peer that makes no
    /// progress for `lingerTimeout` is given up.
    mutating func close(now: Instant) {
        finishWriting()
        receive.discard()
        events.remove([.readable, .writable, .peerClosed])
        if state != .timeWait, state != .closed { timers.closing = now + settings.lingerTimeout }
    }

    /// Abortive close: forgets everything. Returns the reset for the peer.
    mutating func abort() -> TCPReset? {
        let needsReset = state != .closed && state != .timeWait && state != .synSent
        let reset = TCPReset(
            endpoints: endpoints, sequence: .later(send.next, send.highest),
            acknowledgment: receive.next)
        finish(.reset)
        return needsReset ? reset : nil
    }
}
