import MonotonicTime

// What the user of the stack calls.
extension VsockStack {
    /// Accepts streams to `port`.
    public mutating func listen(port: UInt32) {
        if !listeningPorts.contains(port) { listeningPorts.append(port) }
    }

    /// Opens a stream to the peer's `port`; nil when there are too many. `opened` follows, or `closed`.
    public mutating func connect(toPort port: UInt32) -> VsockStreamID? {
        let peer = VsockAddress(context: peerContext, port: port)
        let key = VsockStreamKey(localPort: takeLocalPort(for: peer), peer: peer)
        guard let slot = makeStream(key, .connecting) else { return nil }
        update(slot) { $0.owed.insert(.request) }
        return id(of: slot)
    }

    /// The oldest event that was not read yet.
    public mutating func nextEvent() -> VsockEvent? {
        while let id = eventfulSlots.popFirst() {
            guard let slot = slot(of: id) else { continue }
            let event = takeEvent(slot, id)
            let hasMore = !slots[slot].stream!.events.isEmpty
            slots[slot].stream!.isEventful = hasMore
            if hasMore { eventfulSlots.append(id) }
            if let event { return event }
        }
        return endings.popFirst().map { .closed($0.id, $0.reason) }
    }

    private mutating func takeEvent(_ slot: Int, _ id: VsockStreamID) -> VsockEvent? {
        let events = slots[slot].stream!.events
        if events.contains(.accepted) {
            slots[slot].stream!.events.remove(.accepted)
            return .opened(id, localPort: slots[slot].stream!.key.localPort)
        }
        if events.contains(.readable) {
            slots[slot].stream!.events.remove(.readable)
            return .readable(id)
        }
        if events.contains(.writable) {
            slots[slot].stream!.events.remove(.writable)
            return .writable(id)
        }
        slots[slot].stream!.events = []
        return events.contains(.peerClosed) ? .peerClosed(id) : nil
    }

    /// How many bytes can be read now.
    public func readableByteCount(_ id: VsockStreamID) -> Int {
        slot(of: id).map { slots[$0].stream!.receive.count } ?? 0
    }

    /// Up to `maximum` received bytes.
    public mutating func read(_ id: VsockStreamID, maximum: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        guard let slot = slot(of: id) else { return bytes }
        update(slot) { stream in
            let count = stream.receive.move(to: &bytes, maximum: maximum)
            stream.forward(count)
        }
        return bytes
    }

    /// Queues as many of `bytes` as the send buffer has room for and returns how many. When that is not all of them,
    /// the event `writable` says when to go on. Zero for a stale id or after `finishWriting` and `close`.
    public mutating func write(_ id: VsockStreamID, _ bytes: RawSpan) -> Int {
        guard let slot = slot(of: id), canWrite(slot) else { return 0 }
        let count = slots[slot].stream!.send.append(bytes)
        update(slot) { $0.wantsRoom = count < bytes.byteCount }
        return count
    }

    /// How many bytes `write` would take now.
    public func writableByteCount(_ id: VsockStreamID) -> Int {
        guard let slot = slot(of: id), canWrite(slot) else { return 0 }
        return slots[slot].stream!.send.room
    }

    private func canWrite(_ slot: Int) -> Bool {
        let stream = slots[slot].stream!
        return !stream.isFinishing && !stream.isClosing && !stream.peerShutdown.contains(.receive)
    }

    /// How many written bytes have not been handed to the wire yet.
    public func unsentByteCount(_ id: VsockStreamID) -> Int {
        slot(of: id).map { slots[$0].stream!.send.count } ?? 0
    }

    /// Half-close: the peer sees the end of the stream after everything written; reading goes on.
    public mutating func finishWriting(_ id: VsockStreamID) {
        guard let slot = slot(of: id) else { return }
        update(slot) { $0.isFinishing = true }
    }

    /// Orderly close: what was written is still delivered; what arrives from now on is dropped. The id is stale for all
    /// but the event `closed`, which follows.
    public mutating func close(_ id: VsockStreamID, now: Instant) {
        guard let slot = slot(of: id), !slots[slot].stream!.isClosing else { return }
        if slots[slot].stream!.state == .connecting { return abort(id) }
        closingSlots.append(slot)
        update(slot) { stream in
            stream.state = .closing(deadline: now + Limits.vsockCloseTimeout)
            stream.events = []
            stream.forward(stream.receive.count)
            stream.receive.release()
        }
    }

    /// Abortive close: both directions are forgotten and the peer gets a reset. The id is stale at once and no event
    /// follows.
    public mutating func abort(_ id: VsockStreamID) {
        guard let slot = slot(of: id) else { return }
        enqueueReset(for: slots[slot].stream!.key)
        removeStream(slot, telling: nil)
    }
}

// MARK: - Time

extension VsockStack {
    /// When `advance` is due.
    public var nextDeadline: Instant {
        var deadline = Instant.distantFuture
        for slot in closingSlots {
            if case .closing(let own) = slots[slot].stream?.state { deadline = min(deadline, own) }
        }
        return deadline
    }

    /// Gives up on peers that did not answer a close in time.
    public mutating func advance(to now: Instant) {
        for slot in closingSlots {
            guard let stream = slots[slot].stream, case .closing(let deadline) = stream.state, deadline <= now else {
                continue
            }
            enqueueReset(for: stream.key)
            removeStream(slot, telling: .reset)
        }
    }
}
