extension Virtqueue {
    /// Adds a chain: the buffers the device reads, then those it writes (2.7.4.2). It is seen with the next `publish`.
    ///
    /// - Parameters:
    ///   - readable: buffers for the device to read, in order.
    ///   - writable: buffers for the device to write, in order.
    ///   - token: the owner's name for the chain, which its completion carries.
    public mutating func submit(
        readable: Span<BufferSegment>, writable: Span<BufferSegment>, token: UInt32
    ) throws(VirtqueueSubmissionError) {
        guard fault == nil else { throw .failed }
        let segmentCount = readable.count + writable.count
        let readableByteCount = try Self.totalByteCount(of: readable)
        let writableByteCount = try Self.totalByteCount(of: writable)
        guard segmentCount > 0 else { throw .emptyChain }
        guard segmentCount <= segmentsMax else {
            throw .tooManySegments(count: segmentCount, maximum: segmentsMax)
        }
        guard !readableByteCount.addingReportingOverflow(writableByteCount).overflow else { throw .tooManyBytes }
        let isIndirect = usesIndirectDescriptors && segmentCount > 1
        let descriptorCount = isIndirect ? 1 : segmentCount
        guard descriptorCount <= freeDescriptorCount else { throw .full }

        let head = freeHead
        if isIndirect {
            writeIndirectTable(of: head, readable: readable, writable: writable)
            freeHead = successors[Int(head)]
        } else {
            writeRingChain(readable: readable, writable: writable)
        }
        freeDescriptorCount -= descriptorCount
        chains[Int(head)] = Chain(
            serial: submittedCount, token: token, writableByteCount: writableByteCount,
            descriptorCount: UInt16(descriptorCount))
        let slot = Int(submittedCount & indexMask)
        memory.store(
            head,
            at: layout.availableRing + AvailableRingLayout.entries + slot * AvailableRingLayout.entryByteCount)
        submittedCount += 1
    }

    /// Adds a chain of one buffer for the device to read.
    public mutating func submit(readable: BufferSegment, token: UInt32) throws(VirtqueueSubmissionError) {
        let segments: [1 of BufferSegment] = [readable]
        try submit(readable: segments.span, writable: Span(), token: token)
    }

    /// Adds a chain of one buffer for the device to write.
    public mutating func submit(writable: BufferSegment, token: UInt32) throws(VirtqueueSubmissionError) {
        let segments: [1 of BufferSegment] = [writable]
        try submit(readable: Span(), writable: segments.span, token: token)
    }

    /// Shows the device all chains submitted since the last call.
    ///
    /// - Returns: whether the device wants to be notified of them. With event indices it asks for that at most once per
    ///   run out of work; each notification is an exit to the hypervisor, so publish once per batch.
    public mutating func publish() -> Bool {
        guard fault == nil, submittedCount != publishedCount else { return false }
        let old = UInt16(truncatingIfNeeded: publishedCount)
        let new = UInt16(truncatingIfNeeded: submittedCount)
        memory.storeReleasing16(new, at: layout.availableRing + AvailableRingLayout.index)
        publishedCount = submittedCount
        // The device's wish may have changed until it could see the new index: the store above must be visible before
        // the load below (2.7.13.4.1).
        fullFence()
        if usesEventIndex {
            let event = memory.loadOnce16(at: layout.usedRing + UsedRingLayout.availableEvent(size: layout.size))
            return passesEvent(event, from: old, to: new)
        }
        return memory.loadOnce16(at: layout.usedRing + UsedRingLayout.flags) & UsedRingLayout.noNotify == 0
    }

    private static func totalByteCount(
        of segments: Span<BufferSegment>
    ) throws(VirtqueueSubmissionError) -> UInt32 {
        var total: UInt32 = 0
        for index in segments.indices {
            let byteCount = segments[index].byteCount
            guard byteCount > 0 else { throw .emptySegment }
            let (sum, overflow) = total.addingReportingOverflow(byteCount)
            guard !overflow else { throw .tooManyBytes }
            total = sum
        }
        return total
    }

    /// Writes the chain into the ring's table along the free list, whose order the links in the table follow.
    private mutating func writeRingChain(readable: Span<BufferSegment>, writable: Span<BufferSegment>) {
        let count = readable.count + writable.count
        for position in 0..<count {
            let isWritable = position >= readable.count
            let segment = isWritable ? writable[position - readable.count] : readable[position]
            let descriptor = freeHead
            freeHead = successors[Int(descriptor)]
            writeDescriptor(
                at: layout.descriptorTable + Int(descriptor) * DescriptorLayout.byteCount, segment,
                isWritable: isWritable, next: position + 1 < count ? freeHead : nil)
        }
    }

    /// Writes the chain into the table that belongs to `head`, and points that descriptor at it (2.7.5.3).
    private func writeIndirectTable(of head: UInt16, readable: Span<BufferSegment>, writable: Span<BufferSegment>) {
        let table = layout.indirectTables + Int(head) * layout.indirectTableByteCount
        let count = readable.count + writable.count
        for position in 0..<count {
            let isWritable = position >= readable.count
            let segment = isWritable ? writable[position - readable.count] : readable[position]
            writeDescriptor(
                at: table + position * DescriptorLayout.byteCount, segment,
                isWritable: isWritable, next: position + 1 < count ? UInt16(position + 1) : nil)
        }
        let descriptor = layout.descriptorTable + Int(head) * DescriptorLayout.byteCount
        memory.store(memory.physicalAddress + UInt64(table), at: descriptor + DescriptorLayout.address)
        memory.store(UInt32(count * DescriptorLayout.byteCount), at: descriptor + DescriptorLayout.length)
        memory.store(DescriptorFlags.indirect.rawValue, at: descriptor + DescriptorLayout.flags)
        memory.store(UInt16(0), at: descriptor + DescriptorLayout.next)
    }

    private func writeDescriptor(at offset: Int, _ segment: BufferSegment, isWritable: Bool, next: UInt16?) {
        var flags: DescriptorFlags = isWritable ? .deviceWritable : []
        if next != nil {
            flags.insert(.next)
        }
        memory.store(segment.physicalAddress, at: offset + DescriptorLayout.address)
        memory.store(segment.byteCount, at: offset + DescriptorLayout.length)
        memory.store(flags.rawValue, at: offset + DescriptorLayout.flags)
        memory.store(next ?? 0, at: offset + DescriptorLayout.next)
    }
}
