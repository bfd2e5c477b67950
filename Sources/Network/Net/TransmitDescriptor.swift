/// A frame that `NetworkStack.transmit` has written into the driver's buffer.
public struct TransmitDescriptor: Equatable, Sendable {
    /// Bytes from the start of the buffer.
    public let byteCount: Int
    /// What the device must fill in; nil when the frame is complete.
    public let checksum: ChecksumRequest?
}

/// A checksum that the device must compute, in virtio-net's terms (`csum_start`, `csum_offset`): sum everything from
/// `start` to the end of the frame, complement it and store it at `start + offset`. The field already holds the sum of
/// the pseudo header.
public struct ChecksumRequest: Equatable, Sendable {
    public let start: Int
    public let offset: Int
}
