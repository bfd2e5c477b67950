/// The driver of a block device (VIRTIO 1.2, 5.2): many requests in flight, each directly from or to the caller's
/// memory, in several pieces if need be. Completions are polled for and come in any order.
public final class BlockDevice<Registers: RegisterSpace>: DeviceDriver<Registers> {
    /// Sectors of 512 bytes on the device.
    public let sectorCount: UInt64
    /// Bytes of the blocks for which the device is fastest; 512 if it does not say.
    public let blockByteCount: UInt32
    public let isReadOnly: Bool
    /// Whether the device has a volatile cache, which `submitFlush` writes back.
    public let canFlush: Bool
    /// Pieces of memory one request may have.
    public let segmentCountMax: Int
    /// Bytes one piece may have; longer ones are cut.
    public let segmentByteCountMax: UInt32

    var queue: Virtqueue
    var slots: BufferPool
    /// What was asked for, by slot.
    var requests: [Request]
    /// The chain under construction; kept so that no request allocates.
    var readable: [BufferSegment] = []
    var writable: [BufferSegment] = []

    struct Request {
        var token: UInt32 = 0
        var operation: BlockOperation = .read
        var sector: UInt64 = 0
        var byteCount: UInt32 = 0
    }

    /// Brings the device up.
    ///
    /// - Parameters:
    ///   - registers: a device that `MMIOTransport.probe` recognised.
    ///   - memory: at least `configuration.requirement`; the driver's until `shutDown` has returned.
    public init(
        registers: Registers, memory: DMARegion, configuration: BlockConfiguration = BlockConfiguration()
    ) throws(VirtioInitializationError) {
        let transport = try MMIOTransport(registers: registers)
        try transport.expect(.block)
        var memory = try transport.carver(memory, requirement: configuration.requirement)
        let features = try transport.negotiate(
            optional: [
                .eventIndex, .indirectDescriptors, BlockFeature.segmentBytesMax, BlockFeature.segmentsMax,
                BlockFeature.readOnly, BlockFeature.blockSize, BlockFeature.flush,
            ])
        let geometry = try BlockGeometry(transport, features: features)
        sectorCount = geometry.sectorCount
        blockByteCount = geometry.blockByteCount
        segmentByteCountMax = geometry.segmentByteCountMax
        isReadOnly = features.contains(BlockFeature.readOnly)
        canFlush = features.contains(BlockFeature.flush)

        // The shortest request with data: header, one piece, status.
        queue = try transport.makeQueue(0, layout: configuration.layout, needed: 4, memory: &memory, features: features)
        segmentCountMax = min(geometry.segmentCountMax, configuration.segmentCountMax, queue.segmentsMax - 2)
        let slotCount = min(configuration.requestCountMax, Int(queue.layout.size))
        slots = BufferPool(count: slotCount, bufferByteCount: BlockRequestSlot.byteCount, from: &memory)
        requests = Array(repeating: Request(), count: slotCount)
        readable.reserveCapacity(segmentCountMax + 2)
        writable.reserveCapacity(segmentCountMax + 2)
        super.init(transport)
        try transport.start()
    }

    /// Requests that have not come back.
    public var inFlightCount: Int { queue.inFlightCount }

    /// Asks for an interrupt with the next completion.
    ///
    /// - Returns: true when there is one already, or the device has failed: poll again instead of going idle.
    public func armInterrupts() -> Bool {
        fault != nil || queue.armInterrupts()
    }

    /// Asks for no interrupts while the driver is polled; call it after each wake-up.
    public func suppressInterrupts() {
        queue.suppressInterrupts()
    }
}

/// What a block device's configuration says (5.2.4), checked.
private struct BlockGeometry {
    var sectorCount: UInt64
    var blockByteCount = UInt32(BlockSector.byteCount)
    var segmentByteCountMax = UInt32.max & ~UInt32(BlockSector.byteCount - 1)
    /// 5.2.5: without the feature a request has one piece.
    var segmentCountMax = 1

    init<Registers: RegisterSpace>(
        _ transport: MMIOTransport<Registers>, features: Features
    ) throws(VirtioInitializationError) {
        sectorCount = try transport.configuration64(at: BlockConfigurationLayout.capacity)
        guard !sectorCount.multipliedReportingOverflow(by: UInt64(BlockSector.byteCount)).overflow else {
            throw transport.giveUp(.configurationInvalid(field: .capacity, value: sectorCount))
        }
        if features.contains(BlockFeature.blockSize) {
            blockByteCount = transport.configuration32(at: BlockConfigurationLayout.blockSize)
            guard blockByteCount.nonzeroBitCount == 1, blockByteCount >= UInt32(BlockSector.byteCount) else {
                throw transport.giveUp(.configurationInvalid(field: .blockSize, value: UInt64(blockByteCount)))
            }
        }
        if features.contains(BlockFeature.segmentBytesMax) {
            segmentByteCountMax = transport.configuration32(at: BlockConfigurationLayout.segmentBytesMax)
            guard segmentByteCountMax >= UInt32(BlockSector.byteCount) else {
                throw transport.giveUp(
                    .configurationInvalid(field: .segmentBytesMax, value: UInt64(segmentByteCountMax)))
            }
        }
        if features.contains(BlockFeature.segmentsMax) {
            let count = transport.configuration32(at: BlockConfigurationLayout.segmentsMax)
            guard count > 0 else {
                throw transport.giveUp(.configurationInvalid(field: .segmentsMax, value: 0))
            }
            segmentCountMax = Int(min(count, UInt32(VirtioLimits.indirectSegmentsMax)))
        }
    }
}
