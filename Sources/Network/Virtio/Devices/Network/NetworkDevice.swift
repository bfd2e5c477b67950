/// The driver of a network device (VIRTIO 1.2, 5.1), with one pair of queues and checksum offload.
///
/// `receive` lends each frame where the device put it, `transmit` lends a buffer to be filled, `publish` tells the
/// device once per batch. Neither direction copies.
public final class NetworkDevice<Registers: RegisterSpace>: DeviceDriver<Registers> {
    /// The device's hardware address, if it has one; otherwise choose a random, locally administered one (5.1.5).
    public let macAddress: [6 of UInt8]?
    /// Bytes of the largest IP packet that fits the link and the buffers.
    public let maximumTransmissionUnit: Int
    /// Whether `TransmitDescriptor.checksum` may be used.
    public let offloadsTransmitChecksum: Bool
    /// Whether `receive` may report frames whose checksum needs no look.
    public let offloadsReceiveChecksum: Bool

    let reportsLinkStatus: Bool
    var receiveQueue: Virtqueue
    var transmitQueue: Virtqueue
    var receiveBuffers: BufferPool
    var transmitBuffers: BufferPool
    /// Bytes of a frame that fit a buffer.
    let frameByteCountMax: Int

    /// Brings the device up and gives it all receive buffers.
    ///
    /// - Parameters:
    ///   - registers: a device that `MMIOTransport.probe` recognised.
    ///   - memory: at least `configuration.requirement`; the driver's until `shutDown` has returned.
    public init(
        registers: Registers, memory: DMARegion, configuration: NetworkConfiguration = NetworkConfiguration()
    ) throws(VirtioInitializationError) {
        let transport = try MMIOTransport(registers: registers)
        try transport.expect(.network)
        var memory = try transport.carver(memory, requirement: configuration.requirement)

        let packetByteCountMax = configuration.frameByteCountMax - Self.ethernetHeaderByteCount
        let offeredUnit = try Self.offeredTransmissionUnit(transport)
        var optional: Features = [
            .eventIndex, NetworkFeature.checksum, NetworkFeature.guestChecksum, NetworkFeature.macAddress,
            NetworkFeature.linkStatus,
        ]
        // 5.1.4.1: who accepts an MTU must supply buffers for packets of that size.
        if let offeredUnit, offeredUnit <= packetByteCountMax {
            optional.insert(NetworkFeature.transmissionUnit)
        }
        let features = try transport.negotiate(optional: optional)
        maximumTransmissionUnit = min(offeredUnit ?? packetByteCountMax, packetByteCountMax)
        offloadsTransmitChecksum = features.contains(NetworkFeature.checksum)
        offloadsReceiveChecksum = features.contains(NetworkFeature.guestChecksum)
        reportsLinkStatus = features.contains(NetworkFeature.linkStatus)
        frameByteCountMax = configuration.frameByteCountMax
        macAddress = features.contains(NetworkFeature.macAddress) ? try Self.readMACAddress(transport) : nil

        receiveQueue = try transport.makeQueue(
            NetworkQueue.receive, layout: VirtqueueLayout(size: configuration.receiveBufferCount), needed: 1,
            memory: &memory, features: features)
        transmitQueue = try transport.makeQueue(
            NetworkQueue.transmit, layout: VirtqueueLayout(size: configuration.transmitBufferCount), needed: 1,
            memory: &memory, features: features)
        receiveBuffers = BufferPool(
            count: Int(receiveQueue.layout.size), bufferByteCount: configuration.bufferByteCount, from: &memory)
        transmitBuffers = BufferPool(
            count: Int(transmitQueue.layout.size), bufferByteCount: configuration.bufferByteCount, from: &memory)
        super.init(transport)

        while let number = receiveBuffers.take() {
            offerReceiveBuffer(number)
        }
        try transport.start()
        publish(&receiveQueue, index: NetworkQueue.receive)
    }

    private static var ethernetHeaderByteCount: Int { 14 }

    private static func offeredTransmissionUnit(
        _ transport: MMIOTransport<Registers>
    ) throws(VirtioInitializationError) -> Int? {
        guard transport.offeredFeatures.contains(NetworkFeature.transmissionUnit) else { return nil }
        // 3.1.1 step 4: the configuration may be read before the features are settled.
        let unit = transport.configuration16(at: NetworkConfigurationLayout.transmissionUnit)
        guard unit >= VirtioLimits.transmissionUnitMin else {
            throw transport.giveUp(.configurationInvalid(field: .transmissionUnit, value: UInt64(unit)))
        }
        return Int(unit)
    }

    private static func readMACAddress(
        _ transport: MMIOTransport<Registers>
    ) throws(VirtioInitializationError) -> [6 of UInt8] {
        let address = try transport.configurationBytes6(at: NetworkConfigurationLayout.macAddress)
        var value: UInt64 = 0
        for index in address.indices {
            value = value << 8 | UInt64(address[index])
        }
        // A station's address has the group bit clear, and is not all zeros.
        guard address[0] & 1 == 0, value != 0 else {
            throw transport.giveUp(.configurationInvalid(field: .macAddress, value: value))
        }
        return address
    }
}
