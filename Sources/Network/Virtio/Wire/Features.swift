/// A set of feature bits (VIRTIO 1.2, 2.2). Bits 0 to 23 belong to the device type, see `NetworkFeature` and its like.
public struct Features: OptionSet, Equatable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The set that holds just one bit, numbered as in the specification.
    public init(bit: Int) {
        self.rawValue = 1 << UInt64(bit)
    }

    /// Buffers may be described by a table outside of the ring (2.7.5.3).
    public static var indirectDescriptors: Self { Self(bit: 28) }
    /// Both sides say at which index they want to be notified (2.7.7, 2.7.10).
    public static var eventIndex: Self { Self(bit: 29) }
    /// The device follows VIRTIO 1.0 or later; nothing else is driven here.
    public static var version1: Self { Self(bit: 32) }
    /// The device reaches memory through an IOMMU; never accepted, the kernel hands out physical addresses.
    public static var accessPlatform: Self { Self(bit: 33) }
    /// The packed ring layout (2.8); never accepted.
    public static var packedRing: Self { Self(bit: 34) }
}

extension Features: CustomStringConvertible {
    public var description: String { "0x" + String(rawValue, radix: 16) }
}

/// Feature bits of a network device (5.1.3).
public enum NetworkFeature {
    /// The device completes checksums of frames it sends for the driver.
    public static var checksum: Features { Features(bit: 0) }
    /// The driver takes frames whose checksum is still partial, or already validated.
    public static var guestChecksum: Features { Features(bit: 1) }
    /// The device says which MTU fits the link behind it.
    public static var transmissionUnit: Features { Features(bit: 3) }
    /// The device has a hardware address.
    public static var macAddress: Features { Features(bit: 5) }
}

/// Feature bits of a block device (5.2.3).
public enum BlockFeature {
    /// The configuration bounds the bytes of one segment.
    public static var segmentBytesMax: Features { Features(bit: 1) }
    /// The configuration bounds the segments of one request.
    public static var segmentsMax: Features { Features(bit: 2) }
    /// The device refuses writes.
    public static var readOnly: Features { Features(bit: 5) }
    /// The configuration holds the block size for which the device is fastest.
    public static var blockSize: Features { Features(bit: 6) }
    /// The device has a volatile cache and a command that writes it back.
    public static var flush: Features { Features(bit: 9) }
}

/// Feature bits of a console (5.3.3).
public enum ConsoleFeature {
    /// The configuration holds the terminal's columns and rows.
    public static var size: Features { Features(bit: 0) }
    /// Several ports with a control queue; not accepted here.
    public static var multiplePorts: Features { Features(bit: 1) }
}

/// Feature bits of a socket device (5.10.3).
public enum SocketFeature {
    /// Byte streams are supported; so they are when no feature bit of this kind is offered.
    public static var stream: Features { Features(bit: 0) }
}
