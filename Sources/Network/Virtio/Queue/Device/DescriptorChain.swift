/// A chain of buffers as a device model takes it from a queue: addresses already checked against the guest's memory.
/// One value is reused for chain after chain, so that taking one does not allocate once its arrays have grown.
public struct DescriptorChain {
    /// The descriptor that heads the chain: what `DeviceVirtqueue.complete` wants back.
    public internal(set) var head: UInt16 = 0
    /// Buffers for the device to read.
    public internal(set) var readable: [DMARegion] = []
    /// Buffers for the device to write; they come after the readable ones (VIRTIO 1.2, 2.7.4.2).
    public internal(set) var writable: [DMARegion] = []
    /// Bytes in all readable buffers; below 2^32.
    public internal(set) var readableByteCount: UInt32 = 0
    /// Bytes in all writable buffers; below 2^32.
    public internal(set) var writableByteCount: UInt32 = 0

    public init() {}

    mutating func begin(head: UInt16) {
        self.head = head
        readable.removeAll(keepingCapacity: true)
        writable.removeAll(keepingCapacity: true)
        readableByteCount = 0
        writableByteCount = 0
    }
}
