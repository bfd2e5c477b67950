/// Where the parts of a split virtqueue (VIRTIO 1.2, 2.7) lie in the memory it is given: descriptor table, available
/// ring, used ring, then one indirect table per descriptor. What the driver writes and what the device writes never
/// share a cache line.
public struct VirtqueueLayout: Equatable, Sendable {
    /// Descriptors in the ring: a power of two, at most 32768 (2.7).
    public let size: UInt16
    /// Descriptors in each indirect table; 0 means that the queue has no such tables.
    public let indirectSegmentsMax: Int

    static let cacheLineByteCount = 64

    /// - Parameters:
    ///   - size: descriptors in the ring, a power of two from 1 to `VirtioLimits.queueSizeMax`.
    ///   - indirectSegmentsMax: buffers one chain may have when it uses an indirect table. A chain is never longer than
    ///     the queue (2.7.5.3.1), so the smaller of the two counts.
    public init(size: UInt16, indirectSegmentsMax: Int = 0) {
        precondition(size.nonzeroBitCount == 1 && size <= VirtioLimits.queueSizeMax)
        precondition(indirectSegmentsMax >= 0 && indirectSegmentsMax <= VirtioLimits.indirectSegmentsMax)
        self.size = size
        self.indirectSegmentsMax = min(indirectSegmentsMax, Int(size))
    }

    public var descriptorTable: Int { 0 }

    public var availableRing: Int { Int(size) * DescriptorLayout.byteCount }

    public var usedRing: Int {
        alignUp(availableRing + AvailableRingLayout.byteCount(size: size), to: Self.cacheLineByteCount)
    }

    public var indirectTables: Int {
        alignUp(usedRing + UsedRingLayout.byteCount(size: size), to: Self.cacheLineByteCount)
    }

    var indirectTableByteCount: Int { indirectSegmentsMax * DescriptorLayout.byteCount }

    /// The memory that the queue must be given.
    public var requirement: DMARequirement {
        DMARequirement(
            byteCount: indirectTables + Int(size) * indirectTableByteCount, alignment: Self.cacheLineByteCount)
    }
}
