/// A virtio device behind a modern virtio-mmio transport (VIRTIO 1.2, 4.2): what can be done through its registers.
///
/// A driver goes through the steps in the order of 3.1.1: `init` resets the device and announces the driver,
/// `negotiate` settles the features, `enableQueue` hands over each queue, `start` sets the device going. When a step
/// fails the device has been notified and stays off.
public struct MMIOTransport<Registers: RegisterSpace> {
    /// The kind of device found.
    public let deviceID: DeviceID
    /// What the device offers, once `init` has read it.
    public let offeredFeatures: Features

    let registers: Registers

    /// Recognises the device, resets it, acknowledges it and reads the features it offers (3.1.1, steps 1 to 4).
    public init(registers: Registers) throws(VirtioInitializationError) {
        deviceID = try Self.probe(registers)
        self.registers = registers
        try Self.resetAndWait(registers)
        var status: DeviceStatus = .acknowledge
        registers.write32(status.rawValue, at: MMIORegister.status)
        status.insert(.driver)
        registers.write32(status.rawValue, at: MMIORegister.status)
        offeredFeatures = Self.readOfferedFeatures(registers)
    }

    /// Says what kind of device stands at `registers`, without touching it.
    public static func probe(_ registers: Registers) throws(VirtioInitializationError) -> DeviceID {
        let magic = registers.read32(at: MMIORegister.magicValue)
        guard magic == MMIORegister.magic else { throw .notVirtio(magic: magic) }
        let version = registers.read32(at: MMIORegister.version)
        let deviceID = DeviceID(rawValue: registers.read32(at: MMIORegister.deviceID))
        // A placeholder is recognised before its version: it is not a mistake (4.2.3.1.1).
        guard deviceID != .none else { throw .noDevice }
        guard version != MMIORegister.legacyVersion else { throw .legacyDevice }
        guard version == MMIORegister.modernVersion else { throw .unsupportedVersion(version) }
        return deviceID
    }

    /// Notifies the device that a queue has new chains (4.2.3.3). An exit to the hypervisor.
    public func notify(queue: UInt16) {
        registers.write32(UInt32(queue), at: MMIORegister.queueNotify)
    }

    /// Lowers the interrupt line with a single exit, for a driver that looks at its queues anyway and has no interest
    /// in changes of the configuration.
    public func clearInterrupt() {
        let all: InterruptStatus = [.usedBuffer, .configurationChange]
        registers.write32(all.rawValue, at: MMIORegister.interruptAcknowledge)
    }

    /// Whether the device has given up and asks to be reset (2.1.2). An exit.
    public var needsReset: Bool {
        DeviceStatus(rawValue: registers.read32(at: MMIORegister.status)).contains(.deviceNeedsReset)
    }

    /// Resets the device (2.4): it forgets its queues and stops using memory that was lent to it.
    ///
    /// - Throws: `.resetTimeout` when it does not confirm; memory lent to it must then never be used for anything else.
    public func reset() throws(VirtioInitializationError) {
        try Self.resetAndWait(registers)
    }

    private static func resetAndWait(_ registers: Registers) throws(VirtioInitializationError) {
        registers.write32(0, at: MMIORegister.status)
        // 2.4.2: the reset is complete when the status reads 0.
        var status: UInt32 = 0
        for _ in 0..<VirtioLimits.resetPollsMax {
            status = registers.read32(at: MMIORegister.status)
            guard status != 0 else { return }
        }
        throw .resetTimeout(status: status)
    }

    private static func readOfferedFeatures(_ registers: Registers) -> Features {
        registers.write32(0, at: MMIORegister.deviceFeaturesSelect)
        let low = registers.read32(at: MMIORegister.deviceFeatures)
        registers.write32(1, at: MMIORegister.deviceFeaturesSelect)
        let high = registers.read32(at: MMIORegister.deviceFeatures)
        return Features(rawValue: UInt64(high) << 32 | UInt64(low))
    }
}
