extension BlockDevice {
    /// Asks for sectors to be read. Seen by the device with the next `publish`.
    ///
    /// - Parameters:
    ///   - sector: the first sector of 512 bytes.
    ///   - segments: memory to fill, in order; in total a whole number of sectors. It is the device's until the
    ///     completion.
    ///   - token: the caller's name for the request, which its completion carries.
    public func submitRead(
        from sector: UInt64, into segments: Span<BufferSegment>, token: UInt32
    ) throws(BlockSubmissionError) {
        try submit(.read, sector: sector, segments: segments, token: token)
    }

    /// Asks for sectors to be read into one piece of memory.
    public func submitRead(
        from sector: UInt64, into memory: DMARegion, token: UInt32
    ) throws(BlockSubmissionError) {
        let segments = try Self.segments(of: memory)
        try submit(.read, sector: sector, segments: segments.span, token: token)
    }

    /// Asks for sectors to be written; otherwise as `submitRead`.
    public func submitWrite(
        to sector: UInt64, from segments: Span<BufferSegment>, token: UInt32
    ) throws(BlockSubmissionError) {
        guard !isReadOnly else { throw .readOnly }
        try submit(.write, sector: sector, segments: segments, token: token)
    }

    /// Asks for one piece of memory to be written.
    public func submitWrite(
        to sector: UInt64, from memory: DMARegion, token: UInt32
    ) throws(BlockSubmissionError) {
        let segments = try Self.segments(of: memory)
        try submitWrite(to: sector, from: segments.span, token: token)
    }

    /// Asks that all writes completed so far be made durable (5.2.6.1).
    public func submitFlush(token: UInt32) throws(BlockSubmissionError) {
        guard canFlush else { throw .flushUnsupported }
        try submit(.flush, sector: 0, segments: Span(), token: token)
    }

    /// Shows the device the requests submitted since the last call, and notifies it if it wants that. Call once per
    /// batch.
    public func publish() {
        publish(&queue, index: 0)
    }

    /// Takes the next request that has come back, or nil.
    public func nextCompletion() throws(DeviceFault) -> BlockCompletion? {
        guard let completion = try nextCompletion(of: &queue, index: 0) else { return nil }
        let slot = completion.token
        let request = requests[Int(slot)]
        let status = slots[slot].loadOnce8(at: BlockRequestSlot.status)
        slots.giveBack(slot)
        return BlockCompletion(
            token: request.token, operation: request.operation, sector: request.sector, byteCount: request.byteCount,
            failure: Self.failure(of: request, status: status, written: completion.writtenByteCount))
    }

    private static func segments(of memory: DMARegion) throws(BlockSubmissionError) -> [1 of BufferSegment] {
        guard memory.byteCount > 0, memory.byteCount <= Int(UInt32.max) else {
            throw .unaligned(byteCount: UInt64(memory.byteCount))
        }
        return [memory.segment(at: 0, byteCount: memory.byteCount)]
    }

    private func submit(
        _ operation: BlockOperation, sector: UInt64, segments: Span<BufferSegment>, token: UInt32
    ) throws(BlockSubmissionError) {
        guard fault == nil else { throw .failed }
        let byteCount = try checkedByteCount(operation, sector: sector, segments: segments)
        guard let slot = slots.take() else { throw .busy }
        let memory = slots[slot]
        BlockRequestHeader(type: operation.type, sector: sector).write(to: memory)
        memory.store(BlockRequestSlot.statusUnwritten, at: BlockRequestSlot.status)

        readable.removeAll(keepingCapacity: true)
        writable.removeAll(keepingCapacity: true)
        readable.append(memory.segment(at: BlockRequestSlot.header, byteCount: BlockRequestHeader.byteCount))
        if operation == .read {
            appendPieces(of: segments, to: &writable)
        } else {
            appendPieces(of: segments, to: &readable)
        }
        writable.append(memory.segment(at: BlockRequestSlot.status, byteCount: 1))
        do {
            try queue.submit(readable: readable.span, writable: writable.span, token: slot)
        } catch {
            slots.giveBack(slot)
            // All but a lack of descriptors, which chains without indirect tables may meet, was checked above.
            throw error == .failed ? .failed : .busy
        }
        requests[Int(slot)] = Request(token: token, operation: operation, sector: sector, byteCount: byteCount)
    }

    /// Checks a request against the device's limits. The status byte must fit the chain's 2^32 bytes as well.
    private func checkedByteCount(
        _ operation: BlockOperation, sector: UInt64, segments: Span<BufferSegment>
    ) throws(BlockSubmissionError) -> UInt32 {
        guard operation != .flush else { return 0 }
        var byteCount: UInt64 = 0
        var pieceCount = 0
        for index in segments.indices {
            let length = segments[index].byteCount
            guard length > 0 else { throw .unaligned(byteCount: 0) }
            byteCount += UInt64(length)
            pieceCount += Int((UInt64(length) + UInt64(segmentByteCountMax) - 1) / UInt64(segmentByteCountMax))
        }
        guard byteCount > 0, byteCount % UInt64(BlockSector.byteCount) == 0,
            byteCount <= UInt64(UInt32.max) - UInt64(BlockSector.byteCount)
        else { throw .unaligned(byteCount: byteCount) }
        guard pieceCount <= segmentCountMax else {
            throw .tooManySegments(count: pieceCount, maximum: segmentCountMax)
        }
        let count = byteCount / UInt64(BlockSector.byteCount)
        guard sector <= sectorCount, count <= sectorCount - sector else {
            throw .outOfRange(sector: sector, sectorCount: count, capacity: sectorCount)
        }
        return UInt32(byteCount)
    }

    private func appendPieces(of segments: Span<BufferSegment>, to chain: inout [BufferSegment]) {
        for index in segments.indices {
            var rest = segments[index]
            while rest.byteCount > segmentByteCountMax {
                chain.append(
                    BufferSegment(physicalAddress: rest.physicalAddress, byteCount: segmentByteCountMax))
                rest.physicalAddress += UInt64(segmentByteCountMax)
                rest.byteCount -= segmentByteCountMax
            }
            chain.append(rest)
        }
    }

    private static func failure(of request: Request, status: UInt8, written: UInt32) -> BlockFailure? {
        switch status {
        case BlockStatus.ok:
            // Some devices leave the status byte out of their count, so only the data are asked for.
            if request.operation == .read, written < request.byteCount {
                return .shortRead(byteCount: written)
            }
            return nil
        case BlockStatus.ioError: return .ioError
        case BlockStatus.unsupported: return .unsupported
        default: return .unknownStatus(status)
        }
    }
}
