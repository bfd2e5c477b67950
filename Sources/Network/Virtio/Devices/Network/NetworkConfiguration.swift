/// Sizes of a network driver.
public struct NetworkConfiguration: Equatable, Sendable {
    /// Frames the device may deliver before the driver looks; a power of two. A device with a smaller queue gets fewer.
    public var receiveBufferCount: UInt16
    /// Frames that may wait to be sent; a power of two.
    public var transmitBufferCount: UInt16
    /// Bytes of the longest frame, its Ethernet header included.
    public var frameByteCountMax: Int

    public init(
        receiveBufferCount: UInt16 = 256, transmitBufferCount: UInt16 = 256, frameByteCountMax: Int = 1514
    ) {
        precondition(receiveBufferCount.nonzeroBitCount == 1 && transmitBufferCount.nonzeroBitCount == 1)
        precondition((64...VirtioLimits.frameBytesMax).contains(frameByteCountMax))
        self.receiveBufferCount = receiveBufferCount
        self.transmitBufferCount = transmitBufferCount
        self.frameByteCountMax = frameByteCountMax
    }

    /// The memory the driver must be given.
    public var requirement: DMARequirement {
        MemoryCarver.requirement(for: [
            VirtqueueLayout(size: receiveBufferCount).requirement.byteCount,
            VirtqueueLayout(size: transmitBufferCount).requirement.byteCount,
            Int(receiveBufferCount) * bufferByteCount,
            Int(transmitBufferCount) * bufferByteCount,
        ])
    }

    /// Bytes of one buffer: header and frame, on cache lines of its own.
    var bufferByteCount: Int {
        alignUp(NetworkHeader.byteCount + frameByteCountMax, to: MemoryCarver.alignment)
    }
}

/// What to do with a frame that was written into a lent buffer.
public struct TransmitDescriptor: Equatable, Sendable {
    /// Bytes of the frame, from the start of the buffer.
    public var byteCount: Int
    /// The checksum that the device is to complete, or nil if the frame is complete.
    public var checksum: ChecksumOffload?

    public init(byteCount: Int, checksum: ChecksumOffload? = nil) {
        self.byteCount = byteCount
        self.checksum = checksum
    }
}

/// A checksum that the device completes (VIRTIO 1.2, 5.1.6.2): the sum over all bytes from `start` to the end of the
/// frame. The field itself must hold the sum of the pseudo header, not complemented.
public struct ChecksumOffload: Equatable, Sendable {
    /// Offset in the frame of the first byte covered: the start of the TCP or UDP header.
    public var start: Int
    /// Offset from there of the two bytes that take the checksum: 16 for TCP, 6 for UDP.
    public var offset: Int

    public init(start: Int, offset: Int) {
        self.start = start
        self.offset = offset
    }
}

/// What became of an attempt to send.
public enum TransmitOutcome: Equatable, Sendable {
    /// The frame waits for `publish`.
    case queued
    /// The closure had nothing to send.
    case declined
    /// No buffer is free: the device still has them all. The closure was not called.
    case full
}
