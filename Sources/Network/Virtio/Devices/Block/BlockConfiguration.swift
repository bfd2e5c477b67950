/// Sizes of a block driver.
public struct BlockConfiguration: Equatable, Sendable {
    /// Requests that may be in flight at once.
    public var requestCountMax: Int
    /// Pieces of memory that one request may fill; the device may allow fewer.
    public var segmentCountMax: Int
    /// Descriptors in the queue, a power of two; the device may take fewer.
    public var queueSize: UInt16

    public init(requestCountMax: Int = 64, segmentCountMax: Int = 32, queueSize: UInt16 = 256) {
        precondition(requestCountMax > 0 && requestCountMax <= Int(queueSize))
        precondition(segmentCountMax > 0 && segmentCountMax + 2 <= VirtioLimits.indirectSegmentsMax)
        self.requestCountMax = requestCountMax
        self.segmentCountMax = segmentCountMax
        self.queueSize = queueSize
    }

    /// The memory the driver must be given. Data go directly to the memory of each request.
    public var requirement: DMARequirement {
        MemoryCarver.requirement(for: [
            layout.requirement.byteCount, requestCountMax * BlockRequestSlot.byteCount,
        ])
    }

    /// A request is a header, its data and a status byte.
    var layout: VirtqueueLayout {
        VirtqueueLayout(size: queueSize, indirectSegmentsMax: segmentCountMax + 2)
    }
}

/// Parts of a request that are not data, in the driver's own memory.
enum BlockRequestSlot {
    static let byteCount = 32
    static let header = 0
    static let status = BlockRequestHeader.byteCount

    /// What the status byte holds until the device writes it; no status of the specification.
    static let statusUnwritten: UInt8 = 0xff
}
