/// The driver of a socket device (VIRTIO 1.2, 5.10). It moves packets; what they mean is for a protocol stack to say.
///
/// `receive` lends each packet where the device put it, `transmit` lends a buffer to be filled, `publish` tells the
/// device once per batch.
public final class SocketDevice<Registers: RegisterSpace>: PacketDriver<Registers> {
    /// This guest's context, as the host chose it.
    public let guestContext: UInt64

    /// Holds buffers for the announcement that the guest has moved to another host, which never comes true here.
    private var eventQueue: Virtqueue

    /// Brings the device up and gives it all receive buffers.
    ///
    /// - Parameters:
    ///   - registers: a device that `MMIOTransport.probe` recognised.
    ///   - memory: at least `configuration.requirement`; the driver's until `shutDown` has returned.
    public init(
        registers: Registers, memory: DMARegion, configuration: SocketConfiguration = SocketConfiguration()
    ) throws(VirtioInitializationError) {
        let transport = try MMIOTransport(registers: registers)
        try transport.expect(.socket)
        var memory = try transport.carver(memory, requirement: configuration.requirement)
        let features = try transport.negotiate(optional: [.eventIndex, SocketFeature.stream])
        guestContext = try Self.readContext(transport)
        eventQueue = try transport.makeQueue(
            SocketQueue.event, layout: VirtqueueLayout(size: SocketConfiguration.eventBufferCount), needed: 1,
            memory: &memory, features: features)
        var eventBuffers = BufferPool(
            count: Int(eventQueue.layout.size), bufferByteCount: SocketConfiguration.eventByteCount, from: &memory)
        let shape = PacketShape(
            receiveIndex: SocketQueue.receive, transmitIndex: SocketQueue.transmit,
            receiveBufferCount: configuration.receiveBufferCount,
            transmitBufferCount: configuration.transmitBufferCount, bufferByteCount: configuration.packetByteCountMax,
            packetByteCountMax: configuration.packetByteCountMax, isClearing: !configuration.isMemoryReused,
            isTransmitWaitedFor: true)
        try super.init(transport, shape, memory: &memory, features: features)

        while let number = eventBuffers.take() {
            Self.offer(eventBuffers[number], number, to: &eventQueue)
        }
        try start()
        publish(&eventQueue, index: SocketQueue.event)
    }

    private static func readContext(
        _ transport: MMIOTransport<Registers>
    ) throws(VirtioInitializationError) -> UInt64 {
        let context = try transport.configuration64(at: SocketConfigurationLayout.guestContext)
        // 0, 1 and 2 are taken, and the upper half is reserved (5.10.4).
        guard context > 2, context < UInt64(UInt32.max) else {
            throw transport.giveUp(.configurationInvalid(field: .guestContext, value: context))
        }
        return context
    }

    private static func offer(_ buffer: DMARegion, _ number: UInt32, to queue: inout Virtqueue) {
        do {
            try queue.submit(writable: buffer.segment, token: number)
        } catch {
            preconditionFailure("a buffer without a descriptor for it")
        }
    }
}

// MARK: - Packets

extension SocketDevice {
    /// Hands over packets that have arrived, and gives their buffers back to the device.
    ///
    /// - Parameters:
    ///   - limit: the most packets to hand over in this call, so that other work gets its turn.
    ///   - body: takes a packet, lent for the call.
    /// - Returns: the number of packets handed over; if it is `limit`, there may be more.
    public func receive(
        limit: Int = Int.max, _ body: (_ packet: Span<UInt8>) -> Void
    ) throws(DeviceFault) -> Int {
        var count = 0
        while count < limit, let completion = try nextReceived() {
            receiveBuffers[completion.token].withBytes(
                at: 0, byteCount: Int(completion.writtenByteCount), body)
            offerReceiveBuffer(completion.token)
            count += 1
        }
        publishReceiveBuffers()
        return count
    }

    /// Has the caller fill a buffer with one packet, and queues the packet.
    ///
    /// - Parameter body: gets the buffer, of the configured `packetByteCountMax`, with bytes of older packets in it;
    ///   returns the bytes of the packet, or nil for none.
    public func transmit(
        _ body: (_ buffer: inout MutableSpan<UInt8>) -> Int?
    ) throws(DeviceFault) -> TransmitOutcome {
        try transmitPacket { buffer in buffer.withMutableBytes(at: 0, byteCount: buffer.byteCount, body) }
    }
}
