/// Byte offsets of the virtio-mmio registers (VIRTIO 1.2, 4.2.2, table 4.1), shared by driver and device model.
public enum MMIORegister {
    /// Reads `magic`: the bytes "virt" in little-endian order.
    public static let magicValue = 0x000
    public static let version = 0x004
    public static let deviceID = 0x008
    public static let vendorID = 0x00c
    public static let deviceFeatures = 0x010
    public static let deviceFeaturesSelect = 0x014
    public static let driverFeatures = 0x020
    public static let driverFeaturesSelect = 0x024
    public static let queueSelect = 0x030
    public static let queueSizeMax = 0x034
    public static let queueSize = 0x038
    public static let queueReady = 0x044
    public static let queueNotify = 0x050
    public static let interruptStatus = 0x060
    public static let interruptAcknowledge = 0x064
    public static let status = 0x070
    public static let queueDescriptorLow = 0x080
    public static let queueDescriptorHigh = 0x084
    public static let queueDriverLow = 0x090
    public static let queueDriverHigh = 0x094
    public static let queueDeviceLow = 0x0a0
    public static let queueDeviceHigh = 0x0a4
    public static let configurationGeneration = 0x0fc
    /// First byte of the device-specific configuration space.
    public static let configuration = 0x100

    /// What `magicValue` reads.
    public static let magic: UInt32 = 0x7472_6976
    /// The version of the modern interface, the only one spoken here.
    public static let modernVersion: UInt32 = 2
    /// The version of the interface that came before VIRTIO 1.0 (4.2.4).
    public static let legacyVersion: UInt32 = 1
}

/// Bits of the interrupt status and acknowledge registers (4.2.2).
public struct InterruptStatus: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The device has used a buffer in at least one queue.
    public static var usedBuffer: Self { Self(rawValue: 1 << 0) }
    /// The device's configuration has changed.
    public static var configurationChange: Self { Self(rawValue: 1 << 1) }
}
