/// The device status field (VIRTIO 1.2, 2.1): how far the driver has come, and whether the device has given up.
public struct DeviceStatus: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The driver has noticed the device.
    public static var acknowledge: Self { Self(rawValue: 1) }
    /// The driver knows how to drive the device.
    public static var driver: Self { Self(rawValue: 2) }
    /// The driver is set up; the device is live.
    public static var driverOK: Self { Self(rawValue: 4) }
    /// Feature negotiation is complete.
    public static var featuresOK: Self { Self(rawValue: 8) }
    /// The device has met an error it cannot recover from.
    public static var deviceNeedsReset: Self { Self(rawValue: 64) }
    /// The driver has given up on the device.
    public static var failed: Self { Self(rawValue: 128) }
}
