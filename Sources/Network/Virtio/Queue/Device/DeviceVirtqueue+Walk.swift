extension DeviceVirtqueue {
    /// A descriptor as the driver wrote it: read once, and not yet believed.
    private struct ClaimedDescriptor {
        let address: UInt64
        let length: UInt32
        let flags: DescriptorFlags
        let next: UInt16

        init(table: DMARegion, index: UInt16) {
            let offset = Int(index) * DescriptorLayout.byteCount
            address = table.loadOnce64(at: offset + DescriptorLayout.address)
            length = table.loadOnce32(at: offset + DescriptorLayout.length)
            flags = DescriptorFlags(rawValue: table.loadOnce16(at: offset + DescriptorLayout.flags))
            next = table.loadOnce16(at: offset + DescriptorLayout.next)
        }
    }

    /// Walks the chain from `chain.head` on and fills in its buffers.
    func collect(into chain: inout DescriptorChain) throws(DeviceVirtqueueFault) {
        guard chain.head < size else { throw .descriptorOutOfRange(index: chain.head) }
        let first = ClaimedDescriptor(table: descriptorTable, index: chain.head)
        guard first.flags.contains(.indirect) else {
            return try walk(table: descriptorTable, count: size, from: chain.head, into: &chain)
        }
        // 2.7.5.3.1: a table stands for the whole chain, and is not combined with a link to another descriptor.
        guard allowsIndirect, !first.flags.contains(.next) else { throw .indirectMisplaced }
        let (table, count) = try indirectTable(first)
        try walk(table: table, count: count, from: 0, into: &chain)
    }

    private func indirectTable(_ descriptor: ClaimedDescriptor) throws(DeviceVirtqueueFault) -> (DMARegion, UInt16) {
        let stride = UInt32(DescriptorLayout.byteCount)
        guard descriptor.length > 0, descriptor.length % stride == 0 else {
            throw .indirectTableMalformed(byteCount: descriptor.length)
        }
        let count = descriptor.length / stride
        guard count <= UInt32(size) else { throw .chainTooLong }
        guard let table = memory.region(at: descriptor.address, byteCount: UInt64(descriptor.length)) else {
            throw .bufferOutsideMemory(physicalAddress: descriptor.address, byteCount: descriptor.length)
        }
        // Nothing in the specification aligns these tables; a field that straddles a boundary cannot be read at once.
        guard UInt(bitPattern: table.base) % UInt(MemoryLayout<UInt64>.alignment) == 0 else {
            throw .indirectTableMisaligned(physicalAddress: descriptor.address)
        }
        return (table, UInt16(count))
    }

    private func walk(
        table: DMARegion, count: UInt16, from start: UInt16, into chain: inout DescriptorChain
    ) throws(DeviceVirtqueueFault) {
        var index = start
        // At most `count` steps: a longer walk has been somewhere twice.
        for _ in 0..<count {
            guard index < count else { throw .descriptorOutOfRange(index: index) }
            let descriptor = ClaimedDescriptor(table: table, index: index)
            guard !descriptor.flags.contains(.indirect) else { throw .indirectMisplaced }
            try append(descriptor, to: &chain)
            guard descriptor.flags.contains(.next) else { return }
            index = descriptor.next
        }
        throw .chainTooLong
    }

    private func append(
        _ descriptor: ClaimedDescriptor, to chain: inout DescriptorChain
    ) throws(DeviceVirtqueueFault) {
        guard let region = memory.region(at: descriptor.address, byteCount: UInt64(descriptor.length)) else {
            throw .bufferOutsideMemory(physicalAddress: descriptor.address, byteCount: descriptor.length)
        }
        let total = chain.readableByteCount.addingReportingOverflow(chain.writableByteCount)
        guard !total.overflow, !total.partialValue.addingReportingOverflow(descriptor.length).overflow else {
            throw .chainTooManyBytes
        }
        if descriptor.flags.contains(.deviceWritable) {
            chain.writable.append(region)
            chain.writableByteCount += descriptor.length
        } else {
            guard chain.writable.isEmpty else { throw .readableAfterWritable }
            chain.readable.append(region)
            chain.readableByteCount += descriptor.length
        }
    }
}
