import MonotonicTime

extension VsockStack {
    /// Whether `transmit` would have a packet.
    public var hasPacket: Bool { !resets.isEmpty || !readySlots.isEmpty }

    /// Fills `buffer`, which has room for a header at least, with the next packet. Streams take turns.
    ///
    /// - Returns: the packet's bytes; nil when there is nothing to send.
    public mutating func transmit(into buffer: inout MutableRawSpan) -> Int? {
        precondition(buffer.byteCount >= VsockHeader.byteCount)
        if let reset = resets.popFirst() {
            reset.write(to: &buffer)
            return VsockHeader.byteCount
        }
        // Each stream once: one whose next packet the buffer is too small for stays in the line.
        for _ in 0..<readySlots.count {
            guard let id = readySlots.popFirst(), let slot = slot(of: id) else { continue }
            slots[slot].stream!.isReady = false
            let byteCount = emit(slot, into: &buffer)
            // Back to the end of the line with what is left.
            update(slot) { _ in }
            if let byteCount { return byteCount }
        }
        return nil
    }

    /// Writes one packet of a stream: what is owed first, then data, then the end.
    private mutating func emit(_ slot: Int, into buffer: inout MutableRawSpan) -> Int? {
        let stream = slots[slot].stream!
        if stream.owed.contains(.request) {
            slots[slot].stream!.owed.remove(.request)
            return emit(slot, .request, into: &buffer)
        }
        if stream.owed.contains(.response) {
            slots[slot].stream!.owed.remove(.response)
            return emit(slot, .response, into: &buffer)
        }
        guard stream.state != .connecting else { return nil }
        // The header of any packet carries the credit, so data pay the debt of an update.
        let payloadByteCount = min(stream.send.count, stream.credit, buffer.byteCount - VsockHeader.byteCount)
        if payloadByteCount > 0 {
            stream.send.copy(from: 0, count: payloadByteCount, into: &buffer, at: VsockHeader.byteCount)
            slots[slot].stream!.send.removeFirst(payloadByteCount)
            slots[slot].stream!.sentCount &+= UInt32(payloadByteCount)
            if stream.wantsRoom {
                slots[slot].stream!.wantsRoom = false
                slots[slot].stream!.events.insert(.writable)
            }
            return emit(slot, .readWrite, payloadByteCount: payloadByteCount, into: &buffer)
        }
        if stream.owed.contains(.creditUpdate) { return emit(slot, .creditUpdate, into: &buffer) }
        if stream.isFinished {
            let byteCount = emit(slot, .reset, into: &buffer)
            removeStream(slot, telling: .finished)
            return byteCount
        }
        if let shutdown = stream.owedShutdown {
            slots[slot].stream!.localShutdown.formUnion(shutdown)
            return emit(slot, .shutdown, flags: shutdown.rawValue, into: &buffer)
        }
        return nil
    }

    private mutating func emit(
        _ slot: Int, _ operation: VsockOperation, payloadByteCount: Int = 0, flags: UInt32 = 0,
        into buffer: inout MutableRawSpan
    ) -> Int {
        let stream = slots[slot].stream!
        var header = VsockHeader(
            source: VsockAddress(context: localContext, port: stream.key.localPort), destination: stream.key.peer,
            operation: operation)
        header.payloadByteCount = UInt32(payloadByteCount)
        header.flags = flags
        header.bufferByteCount = UInt32(stream.receive.capacity)
        header.forwardedCount = stream.forwardedCount
        header.write(to: &buffer)
        slots[slot].stream!.announcedForwardedCount = stream.forwardedCount
        slots[slot].stream!.owed.remove(.creditUpdate)
        return VsockHeader.byteCount + payloadByteCount
    }
}
