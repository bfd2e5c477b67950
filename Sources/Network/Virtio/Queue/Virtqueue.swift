/// The driver's side of a split virtqueue (VIRTIO 1.2, 2.7).
///
/// Chains of buffers are submitted, published in batches, and come back in any order with the token they were submitted
/// under. Nothing is allocated after `init`. The queue never touches a device register: when `publish` answers that the
/// device wants to be notified, the owner does so through the transport.
///
/// Everything that the device writes is a claim. The first one that does not hold puts the queue into a failed state,
/// for good: `fault` says why, and its owner resets the device.
public struct Virtqueue: ~Copyable {
    public let layout: VirtqueueLayout
    /// Both sides name the index at which they want to be notified (2.7.7, 2.7.10).
    public let usesEventIndex: Bool
    /// Chains of several buffers take one descriptor of the ring and an indirect table (2.7.5.3).
    public let usesIndirectDescriptors: Bool
    /// Why the queue failed, if it did.
    public internal(set) var fault: VirtqueueFault?

    let memory: DMARegion

    /// What is known of the chain that a descriptor heads. Kept here, since the shared tables are not to be trusted.
    struct Chain {
        /// Place of the chain in the order of submission.
        var serial: UInt64 = 0
        var token: UInt32 = 0
        var writableByteCount: UInt32 = 0
        /// Descriptors of the ring it takes; 0 when this descriptor heads no chain.
        var descriptorCount: UInt16 = 0
    }

    var chains: [Chain]
    /// For a descriptor in a chain or on the free list: the one after it.
    var successors: [UInt16]
    var freeHead: UInt16 = 0
    /// Descriptors of the ring that belong to no chain.
    public internal(set) var freeDescriptorCount: Int

    /// Chains submitted, published and completed since the start. Ring indices are their low 16 bits.
    public internal(set) var submittedCount: UInt64 = 0
    public internal(set) var publishedCount: UInt64 = 0
    public internal(set) var completedCount: UInt64 = 0
    /// Completions that the device has announced, as of the last look.
    var announcedCount: UInt64 = 0

    /// - Parameters:
    ///   - layout: size and parts of the queue.
    ///   - memory: at least `layout.requirement`; owned by the queue, and cleared, from here on.
    ///   - features: what was negotiated; only event indices and indirect descriptors matter here.
    public init(layout: VirtqueueLayout, memory: DMARegion, features: Features) {
        precondition(layout.requirement.isMet(by: memory))
        self.layout = layout
        self.memory = memory.part(at: 0, byteCount: layout.requirement.byteCount)
        usesEventIndex = features.contains(.eventIndex)
        usesIndirectDescriptors = features.contains(.indirectDescriptors) && layout.indirectSegmentsMax > 1
        chains = Array(repeating: Chain(), count: Int(layout.size))
        successors = (0..<layout.size).map { $0 &+ 1 }
        freeDescriptorCount = Int(layout.size)
        self.memory.clear()
    }

    /// Chains submitted that have not come back.
    public var inFlightCount: Int { Int(submittedCount - completedCount) }

    /// The most buffers that one chain may have.
    public var segmentsMax: Int {
        usesIndirectDescriptors ? layout.indirectSegmentsMax : Int(layout.size)
    }

    /// Physical addresses of the parts, for `MMIOTransport.enableQueue`.
    public var addresses: VirtqueueAddresses {
        VirtqueueAddresses(
            descriptorTable: memory.physicalAddress + UInt64(layout.descriptorTable),
            availableRing: memory.physicalAddress + UInt64(layout.availableRing),
            usedRing: memory.physicalAddress + UInt64(layout.usedRing))
    }

    var indexMask: UInt64 { UInt64(layout.size) - 1 }
}

/// Where the device finds the parts of a queue.
public struct VirtqueueAddresses: Equatable, Sendable {
    /// "Descriptor area".
    public var descriptorTable: UInt64
    /// "Driver area".
    public var availableRing: UInt64
    /// "Device area".
    public var usedRing: UInt64

    public init(descriptorTable: UInt64, availableRing: UInt64, usedRing: UInt64) {
        self.descriptorTable = descriptorTable
        self.availableRing = availableRing
        self.usedRing = usedRing
    }
}
