/// The header before every frame in either direction (VIRTIO 1.2, 5.1.6), in the form of VERSION_1 devices.
public struct NetworkHeader: Equatable, Sendable {
    public static let byteCount = 12

    public var flags: NetworkHeaderFlags = []
    /// Kind of segmentation; 0 is none, the only kind negotiated here.
    public var segmentationType: UInt8 = 0
    /// Bytes of all headers, a hint for segmentation.
    public var headerByteCount: UInt16 = 0
    public var segmentByteCount: UInt16 = 0
    /// Where the bytes begin that the checksum covers, counted from the start of the frame.
    public var checksumStart: UInt16 = 0
    /// Where the checksum goes, counted from `checksumStart`.
    public var checksumOffset: UInt16 = 0
    /// Buffers the received frame takes; 1 unless mergeable buffers are negotiated.
    public var bufferCount: UInt16 = 0

    public init() {}
}

/// Flags of a network header.
public struct NetworkHeaderFlags: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The checksum is partial: the one that forwards the frame completes it.
    public static var needsChecksum: Self { Self(rawValue: 1) }
    /// The device has validated the checksum.
    public static var dataValid: Self { Self(rawValue: 2) }
}

extension NetworkHeader {
    /// Reads the header at the start of a region of at least `byteCount` bytes. Any bytes make a header.
    public init(from region: DMARegion) {
        flags = NetworkHeaderFlags(rawValue: region.loadOnce8(at: 0))
        segmentationType = region.loadOnce8(at: 1)
        headerByteCount = region.loadOnce16(at: 2)
        segmentByteCount = region.loadOnce16(at: 4)
        checksumStart = region.loadOnce16(at: 6)
        checksumOffset = region.loadOnce16(at: 8)
        bufferCount = region.loadOnce16(at: 10)
    }

    /// Writes the header to the start of a region of at least `byteCount` bytes.
    public func write(to region: DMARegion) {
        region.store(flags.rawValue, at: 0)
        region.store(segmentationType, at: 1)
        region.store(headerByteCount, at: 2)
        region.store(segmentByteCount, at: 4)
        region.store(checksumStart, at: 6)
        region.store(checksumOffset, at: 8)
        region.store(bufferCount, at: 10)
    }
}

/// Byte offsets in a network device's configuration (5.1.4).
public enum NetworkConfigurationLayout {
    public static let macAddress = 0
    public static let transmissionUnit = 10
}

/// Queues of a network device with one pair (5.1.2).
public enum NetworkQueue {
    public static let receive: UInt16 = 0
    public static let transmit: UInt16 = 1
}
