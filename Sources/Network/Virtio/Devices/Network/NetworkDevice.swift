/// The driver of a network device (VIRTIO 1.2, 5.1), with one pair of queues and checksum offload.
///
/// `receive` lends each frame where the device put it, `transmit` lends a buffer to be filled, `publish` tells the
/// device once per batch. Neither direction copies.
public final class NetworkDevice<Registers: RegisterSpace>: PacketDriver<Registers> {
    /// The device's hardware address, if it has one; otherwise choose a random, locally administered one (5.1.5).
    public let macAddress: [6 of UInt8]?
    /// Bytes of the largest IP packet that fits the link and the buffers.
    public let maximumTransmissionUnit: Int
    /// Whether `TransmitDescriptor.checksum` may be used.
    public let offloadsTransmitChecksum: Bool
    /// Whether `receive` may report frames whose checksum needs no look.
    public let offloadsReceiveChecksum: Bool

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
        ]
        // 5.1.4.1: who accepts an MTU must supply buffers for packets of that size.
        if let offeredUnit, offeredUnit <= packetByteCountMax {
            optional.insert(NetworkFeature.transmissionUnit)
        }
        let features = try transport.negotiate(optional: optional)
        maximumTransmissionUnit = min(offeredUnit ?? packetByteCountMax, packetByteCountMax)
        offloadsTransmitChecksum = features.contains(NetworkFeature.checksum)
        offloadsReceiveChecksum = features.contains(NetworkFeature.guestChecksum)
        frameByteCountMax = configuration.frameByteCountMax
        macAddress = features.contains(NetworkFeature.macAddress) ? try Self.readMACAddress(transport) : nil

        let shape = PacketShape(
            receiveIndex: NetworkQueue.receive, transmitIndex: NetworkQueue.transmit,
            receiveBufferCount: configuration.receiveBufferCount,
            transmitBufferCount: configuration.transmitBufferCount, bufferByteCount: configuration.bufferByteCount,
            packetByteCountMax: NetworkHeader.byteCount + configuration.frameByteCountMax, isClearing: true,
            isTransmitWaitedFor: true)
        try super.init(transport, shape, memory: &memory, features: features)
        try start()
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
