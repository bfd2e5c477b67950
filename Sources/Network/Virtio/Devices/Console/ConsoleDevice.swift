/// The driver of a console (VIRTIO 1.2, 5.3) with a single port. Both directions have a bounded number of buffers: what
/// does not fit is not taken, and the caller decides whether to wait or to drop it.
public final class ConsoleDevice<Registers: RegisterSpace>: PacketDriver<Registers> {
    /// Brings the device up.
    ///
    /// - Parameters:
    ///   - registers: a device that `MMIOTransport.probe` recognised.
    ///   - memory: at least `configuration.requirement`; the driver's until `shutDown` has returned.
    public init(
        registers: Registers, memory: DMARegion, configuration: ConsoleConfiguration = ConsoleConfiguration()
    ) throws(VirtioInitializationError) {
        let transport = try MMIOTransport(registers: registers)
        try transport.expect(.console)
        var memory = try transport.carver(memory, requirement: configuration.requirement)
        let features = try transport.negotiate(optional: .eventIndex)
        let shape = PacketShape(
            receiveIndex: ConsoleQueue.receive, transmitIndex: ConsoleQueue.transmit,
            receiveBufferCount: configuration.bufferCount, transmitBufferCount: configuration.bufferCount,
            bufferByteCount: configuration.bufferByteCount, packetByteCountMax: configuration.bufferByteCount,
            isClearing: !configuration.isMemoryReused, isTransmitWaitedFor: false)
        try super.init(transport, shape, memory: &memory, features: features)
        try start()
    }

    /// Sends bytes, as many as there are buffers for, and notifies the device.
    ///
    /// - Returns: the number of bytes taken, from the start.
    public func write(_ bytes: Span<UInt8>) throws(DeviceFault) -> Int {
        try reclaimTransmitBuffers()
        var taken = 0
        while taken < bytes.count {
            let outcome = try transmitPacket { buffer in
                let count = min(buffer.byteCount, bytes.count - taken)
                for index in 0..<count {
                    buffer.store(bytes[taken + index], at: index)
                }
                taken += count
                return count
            }
            guard outcome == .queued else { break }
        }
        publish()
        return taken
    }

    /// Hands over all bytes that have arrived, in order, piece by piece.
    ///
    /// - Parameter body: takes a piece, lent for the call.
    /// - Returns: the number of bytes.
    public func read(_ body: (_ bytes: Span<UInt8>) -> Void) throws(DeviceFault) -> Int {
        var total = 0
        // Bounded by the buffers there are, so that a device that writes without end cannot hold the caller.
        for _ in 0..<receiveBuffers.count {
            guard let completion = try nextReceived() else { break }
            let count = Int(completion.writtenByteCount)
            if count > 0 {
                receiveBuffers[completion.token].withBytes(at: 0, byteCount: count, body)
            }
            total += count
            offerReceiveBuffer(completion.token)
        }
        publishReceiveBuffers()
        return total
    }
}

/// Sizes of a console driver.
public struct ConsoleConfiguration: Equatable, Sendable {
    /// Buffers in each direction; a power of two.
    public var bufferCount: UInt16
    public var bufferByteCount: Int
    /// The memory was a driver's of this device before, with the same sizes, and need not be cleared.
    public var isMemoryReused = false

    public init(bufferCount: UInt16 = 16, bufferByteCount: Int = 512) {
        precondition(bufferCount.nonzeroBitCount == 1 && bufferByteCount > 0)
        self.bufferCount = bufferCount
        self.bufferByteCount = bufferByteCount
    }

    /// The memory the driver must be given.
    public var requirement: DMARequirement {
        let queue = VirtqueueLayout(size: bufferCount).requirement.byteCount
        let buffers = Int(bufferCount) * bufferByteCount
        return MemoryCarver.requirement(for: [queue, queue, buffers, buffers])
    }
}
