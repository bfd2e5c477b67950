/// Sizes of a socket driver.
public struct SocketConfiguration: Equatable, Sendable {
    /// Packets the device may deliver before the driver looks; a power of two.
    public var receiveBufferCount: UInt16
    /// Packets that may wait to be taken by the device; a power of two.
    public var transmitBufferCount: UInt16
    /// Bytes of the longest packet, its header included.
    public var packetByteCountMax: Int
    /// The memory was a driver's of this device before, with the same sizes, and need not be cleared.
    public var isMemoryReused = false

    public init(
        receiveBufferCount: UInt16 = 64, transmitBufferCount: UInt16 = 64, packetByteCountMax: Int = 4_096
    ) {
        precondition(receiveBufferCount.nonzeroBitCount == 1 && transmitBufferCount.nonzeroBitCount == 1)
        precondition(packetByteCountMax >= 64)
        self.receiveBufferCount = receiveBufferCount
        self.transmitBufferCount = transmitBufferCount
        self.packetByteCountMax = packetByteCountMax
    }

    /// Buffers for the device's announcements, of which there is one kind.
    static let eventBufferCount: UInt16 = 4
    static let eventByteCount = 4

    /// The memory the driver must be given.
    public var requirement: DMARequirement {
        MemoryCarver.requirement(for: [
            VirtqueueLayout(size: receiveBufferCount).requirement.byteCount,
            VirtqueueLayout(size: transmitBufferCount).requirement.byteCount,
            VirtqueueLayout(size: Self.eventBufferCount).requirement.byteCount,
            Int(receiveBufferCount) * packetByteCountMax,
            Int(transmitBufferCount) * packetByteCountMax,
            Int(Self.eventBufferCount) * Self.eventByteCount,
        ])
    }
}
