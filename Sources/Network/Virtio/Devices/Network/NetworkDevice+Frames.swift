extension NetworkDevice {
    /// Hands over frames that have arrived, and gives their buffers back to the device.
    ///
    /// - Parameters:
    ///   - limit: the most frames to hand over in this call, so that other work gets its turn.
    ///   - body: takes a frame, lent for the call, and whether its transport checksum needs no look: the device has
    ///     validated it, or the frame comes from the same host and has only a partial checksum (5.1.6.4.1). It may call
    ///     `transmit`.
    /// - Returns: the number of frames handed over; if it is `limit`, there may be more.
    public func receive(
        limit: Int = Int.max, _ body: (_ frame: Span<UInt8>, _ checksumValidated: Bool) -> Void
    ) throws(DeviceFault) -> Int {
        var count = 0
        while count < limit, let completion = try nextReceived() {
            guard completion.writtenByteCount >= UInt32(NetworkHeader.byteCount) else {
                throw fail(.frameWithoutHeader(written: completion.writtenByteCount))
            }
            let buffer = receiveBuffers[completion.token]
            let flags = NetworkHeader(from: buffer).flags
            let validated = offloadsReceiveChecksum && !flags.isDisjoint(with: [.needsChecksum, .dataValid])
            buffer.withBytes(
                at: NetworkHeader.byteCount, byteCount: Int(completion.writtenByteCount) - NetworkHeader.byteCount
            ) { frame in
                body(frame, validated)
            }
            offerReceiveBuffer(completion.token)
            count += 1
        }
        publishReceiveBuffers()
        return count
    }

    /// Has the caller fill a buffer with one frame, and queues the frame.
    ///
    /// - Parameter body: gets the buffer, of the configured `frameByteCountMax`, with bytes of older frames in it;
    ///   returns what of it to send, or nil for nothing.
    public func transmit(
        _ body: (_ buffer: inout MutableSpan<UInt8>) -> TransmitDescriptor?
    ) throws(DeviceFault) -> TransmitOutcome {
        try transmitPacket { buffer in
            let descriptor = buffer.withMutableBytes(at: NetworkHeader.byteCount, byteCount: frameByteCountMax, body)
            guard let descriptor else { return nil }
            precondition(descriptor.byteCount > 0 && descriptor.byteCount <= frameByteCountMax)
            header(for: descriptor).write(to: buffer)
            return NetworkHeader.byteCount + descriptor.byteCount
        }
    }

    private func header(for descriptor: TransmitDescriptor) -> NetworkHeader {
        var header = NetworkHeader()
        if let checksum = descriptor.checksum {
            precondition(offloadsTransmitChecksum)
            precondition(checksum.start >= 0 && checksum.offset >= 0)
            precondition(checksum.start + checksum.offset + 2 <= descriptor.byteCount)
            header.flags = .needsChecksum
            header.checksumStart = UInt16(checksum.start)
            header.checksumOffset = UInt16(checksum.offset)
        }
        return header
    }
}
