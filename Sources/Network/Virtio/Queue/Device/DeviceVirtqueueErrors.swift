/// What a driver did that the specification forbids. The device answers by asking to be reset (VIRTIO 1.2, 2.1.2).
public enum DeviceVirtqueueFault: Error, Equatable {
    /// The size is not a power of two, or a part is misaligned or outside of the guest's memory.
    case queueUnusable
    /// The available index moved by more entries than the queue has, or than chains can be outstanding.
    case availableIndexJump(advance: UInt16)
    /// A descriptor index lies outside of its table.
    case descriptorOutOfRange(index: UInt16)
    /// The chain has more descriptors than the queue (2.7.5.3.1), or goes round in circles.
    case chainTooLong
    /// The buffers hold 2^32 bytes or more.
    case chainTooManyBytes
    /// A buffer is not, or not wholly, in the guest's memory.
    case bufferOutsideMemory(physicalAddress: UInt64, byteCount: UInt32)
    /// A readable buffer follows a writable one.
    case readableAfterWritable
    /// An indirect table was used without having been negotiated, within another, or in the midst of a chain.
    case indirectMisplaced
    /// An indirect table's byte count is no multiple of a descriptor's, or 0.
    case indirectTableMalformed(byteCount: UInt32)
    /// An indirect table is not aligned to 8 bytes, so that its fields could not be read at once.
    case indirectTableMisaligned(physicalAddress: UInt64)
}
