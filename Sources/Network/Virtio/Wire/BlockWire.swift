/// The header of a block request (VIRTIO 1.2, 5.2.6). Data follow, then a byte of status.
public struct BlockRequestHeader: Equatable, Sendable {
    public static let byteCount = 16

    public var type: BlockRequestType
    /// First sector of 512 bytes, whatever the device's block size.
    public var sector: UInt64

    public init(type: BlockRequestType, sector: UInt64) {
        self.type = type
        self.sector = sector
    }

    /// Reads the header at the start of a region of at least `byteCount` bytes. Any bytes make a header.
    public init(from region: DMARegion) {
        type = BlockRequestType(rawValue: region.loadOnce32(at: 0))
        sector = region.loadOnce64(at: 8)
    }

    /// Writes the header to the start of a region of at least `byteCount` bytes.
    public func write(to region: DMARegion) {
        region.store(type.rawValue, at: 0)
        region.store(UInt32(0), at: 4)
        region.store(sector, at: 8)
    }
}

/// What a request asks for.
public struct BlockRequestType: RawRepresentable, Equatable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static var read: Self { Self(rawValue: 0) }
    public static var write: Self { Self(rawValue: 1) }
    public static var flush: Self { Self(rawValue: 4) }
}

/// The byte with which the device ends a request.
public enum BlockStatus {
    public static let ok: UInt8 = 0
    public static let ioError: UInt8 = 1
    public static let unsupported: UInt8 = 2
}

/// Byte offsets in a block device's configuration (5.2.4).
public enum BlockConfigurationLayout {
    /// 64 bits, in sectors of 512 bytes.
    public static let capacity = 0
    public static let segmentBytesMax = 8
    public static let segmentsMax = 12
    public static let blockSize = 20
}

/// What a block device counts in, always (5.2.4).
public enum BlockSector {
    public static let byteCount = 512
}
