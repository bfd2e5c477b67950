/// What drivers of a device with one queue in each direction have in common: a buffer for every descriptor, of which
/// the device has all of the receive queue's, and of the transmit queue's those that it has yet to send.
public class PacketDriver<Registers: RegisterSpace>: DeviceDriver<Registers> {
    final var receiveQueue: Virtqueue
    final var transmitQueue: Virtqueue
    final let receiveBuffers: BufferPool
    final var transmitBuffers: BufferPool
    private final let shape: PacketShape

    /// Sets both queues up and offers all receive buffers, which the device does not see before `start`.
    init(
        _ transport: MMIOTransport<Registers>, _ shape: PacketShape, memory: inout MemoryCarver, features: Features
    ) throws(VirtioInitializationError) {
        self.shape = shape
        receiveQueue = try transport.makeQueue(
            shape.receiveIndex, layout: VirtqueueLayout(size: shape.receiveBufferCount), needed: 1, memory: &memory,
            features: features)
        transmitQueue = try transport.makeQueue(
            shape.transmitIndex, layout: VirtqueueLayout(size: shape.transmitBufferCount), needed: 1, memory: &memory,
            features: features)
        var receiveBuffers = BufferPool(
            count: Int(receiveQueue.layout.size), bufferByteCount: shape.bufferByteCount, from: &memory,
            isClearing: shape.isClearing)
        transmitBuffers = BufferPool(
            count: Int(transmitQueue.layout.size), bufferByteCount: shape.bufferByteCount, from: &memory,
            isClearing: shape.isClearing)
        var numbers: [UInt32] = []
        while let number = receiveBuffers.take() { numbers.append(number) }
        self.receiveBuffers = receiveBuffers
        super.init(transport)
        for number in numbers { offerReceiveBuffer(number) }
    }

    /// Takes the device into use, with all receive buffers.
    final func start() throws(VirtioInitializationError) {
        try transport.start()
        publishReceiveBuffers()
    }

    /// Shows the device the packets queued since the last call, and notifies it if it wants that. Call once per batch.
    public final func publish() {
        publish(&transmitQueue, index: shape.transmitIndex)
    }

    /// Asks for an interrupt with the next packet, and, if a transmit buffer is waited for, with the next that is free.
    ///
    /// - Returns: true when there is work already, or the device has failed: poll again instead of going idle.
    public final func armInterrupts() -> Bool {
        guard fault == nil else { return true }
        let received = receiveQueue.armInterrupts()
        guard shape.isTransmitWaitedFor, transmitBuffers.freeCount == 0 else { return received }
        let sent = transmitQueue.armInterrupts()
        return received || sent
    }

    /// Asks for no interrupts while the driver is polled. Costs two stores; call it after each wake-up.
    public final func suppressInterrupts() {
        receiveQueue.suppressInterrupts()
        transmitQueue.suppressInterrupts()
    }
}

/// How a driver's queues and buffers are laid out.
struct PacketShape {
    let receiveIndex: UInt16
    let transmitIndex: UInt16
    let receiveBufferCount: UInt16
    let transmitBufferCount: UInt16
    let bufferByteCount: Int
    /// Bytes of the longest packet with its header, which the device may write to a buffer.
    let packetByteCountMax: Int
    /// Whether buffers are cleared before the device sees them.
    let isClearing: Bool
    /// Whether the driver's owner waits for a transmit buffer when all are out.
    let isTransmitWaitedFor: Bool
}

extension PacketDriver {
    /// Takes the next packet that arrived. Its buffer stays the caller's until `offerReceiveBuffer`.
    func nextReceived() throws(DeviceFault) -> VirtqueueCompletion? {
        try nextCompletion(of: &receiveQueue, index: shape.receiveIndex)
    }

    func offerReceiveBuffer(_ number: UInt32) {
        let segment = receiveBuffers[number].segment(at: 0, byteCount: shape.packetByteCountMax)
        do {
            try receiveQueue.submit(writable: segment, token: number)
        } catch {
            preconditionFailure("a receive buffer without a descriptor for it")
        }
    }

    func publishReceiveBuffers() {
        publish(&receiveQueue, index: shape.receiveIndex)
    }

    /// Has the caller fill a buffer, and queues what is in it.
    ///
    /// - Parameter fill: returns the bytes to send from the buffer's start, or nil for nothing.
    func transmitPacket(_ fill: (_ buffer: DMARegion) -> Int?) throws(DeviceFault) -> TransmitOutcome {
        try check()
        if transmitBuffers.freeCount == 0 { try reclaimTransmitBuffers() }
        guard let number = transmitBuffers.take() else { return .full }
        let buffer = transmitBuffers[number]
        guard let byteCount = fill(buffer) else {
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

    func reclaimTransmitBuffers() throws(DeviceFault) {
        while let completion = try nextCompletion(of: &transmitQueue, index: shape.transmitIndex) {
            transmitBuffers.giveBack(completion.token)
        }
    }
}
