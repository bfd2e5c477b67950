/// The driver of a socket device (VIRTIO 1.2, 5.10). It moves packets; what they mean is for a protocol stack to say.
///
/// `receive` lends each packet where the device put it, `transmit` lends a buffer to be filled, `publish` tells the
/// device once per batch.
public final class SocketDevice<Registers: RegisterSpace>: DeviceDriver<Registers> {
    /// This guest's context, as the host chose it.
    public let guestContext: UInt64

    private var receiveQueue: Virtqueue
    private var transmitQueue: Virtqueue
    /// Holds buffers for the announcement that the guest has moved to another host, which never comes true here.
    private var eventQueue: Virtqueue
    private let receiveBuffers: BufferPool
    private var transmitBuffers: BufferPool

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
        receiveQueue = try transport.makeQueue(
            SocketQueue.receive, layout: VirtqueueLayout(size: configuration.receiveBufferCount), needed: 1,
            memory: &memory, features: features)
        transmitQueue = try transport.makeQueue(
            SocketQueue.transmit, layout: VirtqueueLayout(size: configuration.transmitBufferCount), needed: 1,
            memory: &memory, features: features)
        eventQueue = try transport.makeQueue(
            SocketQueue.event, layout: VirtqueueLayout(size: SocketConfiguration.eventBufferCount), needed: 1,
            memory: &memory, features: features)
        var receiveBuffers = BufferPool(
            count: Int(receiveQueue.layout.size), bufferByteCount: configuration.packetByteCountMax, from: &memory,
            isClearing: !configuration.isMemoryReused)
        transmitBuffers = BufferPool(
            count: Int(transmitQueue.layout.size), bufferByteCount: configuration.packetByteCountMax, from: &memory,
            isClearing: !configuration.isMemoryReused)
        var eventBuffers = BufferPool(
            count: Int(eventQueue.layout.size), bufferByteCount: SocketConfiguration.eventByteCount, from: &memory)
        var numbers: [UInt32] = []
        while let number = receiveBuffers.take() { numbers.append(number) }
        self.receiveBuffers = receiveBuffers
        super.init(transport)

        for number in numbers { offerReceiveBuffer(number) }
        while let number = eventBuffers.take() {
            Self.offer(eventBuffers[number], number, to: &eventQueue)
        }
        try transport.start()
        publish(&receiveQueue, index: SocketQueue.receive)
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

    private func offerReceiveBuffer(_ number: UInt32) {
        Self.offer(receiveBuffers[number], number, to: &receiveQueue)
    }

    private static func offer(_ buffer: DMARegion, _ number: UInt32, to queue: inout Virtqueue) {
        do {
            try queue.submit(writable: buffer.segment, token: number)
        } catch {
            preconditionFailure("a buffer without a descriptor for it")
        }
    }

    private func reclaimTransmitBuffers() throws(DeviceFault) {
        while let completion = try nextCompletion(of: &transmitQueue, index: SocketQueue.transmit) {
            transmitBuffers.giveBack(completion.token)
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
        while count < limit, let completion = try nextCompletion(of: &receiveQueue, index: SocketQueue.receive) {
            receiveBuffers[completion.token].withBytes(
                at: 0, byteCount: Int(completion.writtenByteCount), body)
            offerReceiveBuffer(completion.token)
            count += 1
        }
        publish(&receiveQueue, index: SocketQueue.receive)
        return count
    }

    /// Has the caller fill a buffer with one packet, and queues the packet.
    ///
    /// - Parameter body: gets the buffer, of the configured `packetByteCountMax`, with bytes of older packets in it;
    ///   returns the bytes of the packet, or nil for none.
    public func transmit(
        _ body: (_ buffer: inout MutableSpan<UInt8>) -> Int?
    ) throws(DeviceFault) -> TransmitOutcome {
        try check()
        if transmitBuffers.freeCount == 0 { try reclaimTransmitBuffers() }
        guard let number = transmitBuffers.take() else { return .full }
        let buffer = transmitBuffers[number]
        guard let byteCount = buffer.withMutableBytes(at: 0, byteCount: buffer.byteCount, body) else {
            transmitBuffers.giveBack(number)
            return .declined
        }
        do {
            try transmitQueue.submit(readable: buffer.segment(at: 0, byteCount: byteCount), token: number)
        } catch {
            preconditionFailure("a transmit buffer without a descriptor for it")
        }
        return .queued
    }

    /// Shows the device the packets queued since the last call, and notifies it if it wants that. Call once per batch.
    public func publish() {
        publish(&transmitQueue, index: SocketQueue.transmit)
    }

    /// Asks for an interrupt with the next packet, and, if all transmit buffers are out, with the next that is free.
    ///
    /// - Returns: true when there is work already, or the device has failed: poll again instead of going idle.
    public func armInterrupts() -> Bool {
        guard fault == nil else { return true }
        let received = receiveQueue.armInterrupts()
        guard transmitBuffers.freeCount == 0 else { return received }
        let sent = transmitQueue.armInterrupts()
        return received || sent
    }

    /// Asks for no interrupts while the driver is polled. Costs two stores; call it after each wake-up.
    public func suppressInterrupts() {
        receiveQueue.suppressInterrupts()
        transmitQueue.suppressInterrupts()
    }
}
