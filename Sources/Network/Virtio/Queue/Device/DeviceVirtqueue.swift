/// The device's side of a split virtqueue (VIRTIO 1.2, 2.7), for device models.
///
/// Nothing that the driver writes is believed: walks are bounded by the queue's size, each buffer is checked to lie in
/// the guest's memory, and a broken rule is thrown as a `DeviceVirtqueueFault`.
public struct DeviceVirtqueue<Memory: GuestMemory> {
    public let size: UInt16
    let memory: Memory
    let usesEventIndex: Bool
    let allowsIndirect: Bool
    let descriptorTable: DMARegion
    let availableRing: DMARegion
    let usedRing: DMARegion

    /// Index of the next available entry to take.
    var nextAvailable: UInt16 = 0
    /// Index of the next used entry to fill.
    var nextUsed: UInt16 = 0
    /// The used index as the driver sees it.
    var publishedUsed: UInt16 = 0

    /// - Parameters:
    ///   - memory: where all addresses are looked up.
    ///   - size: descriptors, as the driver set it.
    ///   - addresses: parts of the queue, as the driver set them.
    ///   - features: what was negotiated.
    public init(
        memory: Memory, size: UInt16, addresses: VirtqueueAddresses, features: Features
    ) throws(DeviceVirtqueueFault) {
        guard size.nonzeroBitCount == 1, size <= VirtioLimits.queueSizeMax else { throw .queueUnusable }
        self.memory = memory
        self.size = size
        usesEventIndex = features.contains(.eventIndex)
        allowsIndirect = features.contains(.indirectDescriptors)
        descriptorTable = try Self.part(
            of: memory, at: addresses.descriptorTable, byteCount: Int(size) * DescriptorLayout.byteCount,
            alignment: DescriptorLayout.alignment)
        availableRing = try Self.part(
            of: memory, at: addresses.availableRing, byteCount: AvailableRingLayout.byteCount(size: size),
            alignment: AvailableRingLayout.alignment)
        usedRing = try Self.part(
            of: memory, at: addresses.usedRing, byteCount: UsedRingLayout.byteCount(size: size),
            alignment: UsedRingLayout.alignment)
    }

    /// Takes the next chain that the driver offers.
    ///
    /// - Returns: false when there is none.
    public mutating func next(into chain: inout DescriptorChain) throws(DeviceVirtqueueFault) -> Bool {
        let available = availableRing.loadAcquiring16(at: AvailableRingLayout.index)
        let advance = available &- nextAvailable
        guard advance != 0 else { return false }
        // Chains taken and not given back still hold descriptors, so that many fewer can be offered.
        let outstanding = nextAvailable &- nextUsed
        guard advance <= size, outstanding <= size - advance else { throw .availableIndexJump(advance: advance) }
        let slot = Int(nextAvailable & (size - 1))
        let head = availableRing.loadOnce16(
            at: AvailableRingLayout.entries + slot * AvailableRingLayout.entryByteCount)
        nextAvailable &+= 1
        chain.begin(head: head)
        try collect(into: &chain)
        return true
    }

    /// Gives a chain back. The driver sees it with the next `publish`.
    ///
    /// - Parameters:
    ///   - head: the chain's head.
    ///   - writtenByteCount: bytes written, from the first writable buffer on.
    public mutating func complete(head: UInt16, writtenByteCount: UInt32) {
        let entry = UsedRingLayout.entries + Int(nextUsed & (size - 1)) * UsedRingLayout.entryByteCount
        usedRing.store(UInt32(head), at: entry + UsedRingLayout.entryIdentifier)
        usedRing.store(writtenByteCount, at: entry + UsedRingLayout.entryLength)
        nextUsed &+= 1
    }

    /// Shows the driver what was completed.
    ///
    /// - Returns: whether it wants an interrupt for that (2.7.7.2).
    public mutating func publish() -> Bool {
        guard nextUsed != publishedUsed else { return false }
        let old = publishedUsed
        usedRing.storeReleasing16(nextUsed, at: UsedRingLayout.index)
        publishedUsed = nextUsed
        fullFence()
        if usesEventIndex {
            let event = availableRing.loadOnce16(at: AvailableRingLayout.usedEvent(size: size))
            return passesEvent(event, from: old, to: nextUsed)
        }
        return availableRing.loadOnce16(at: AvailableRingLayout.flags) & AvailableRingLayout.noInterrupt == 0
    }

    /// Asks the driver for a notification with its next offer.
    ///
    /// - Returns: whether a chain was offered before the driver could see the wish: take it now.
    public mutating func armNotifications() -> Bool {
        if usesEventIndex {
            storeAvailableEvent(nextAvailable)
        } else {
            usedRing.store(UInt16(0), at: UsedRingLayout.flags)
        }
        fullFence()
        return availableRing.loadAcquiring16(at: AvailableRingLayout.index) != nextAvailable
    }

    private func storeAvailableEvent(_ index: UInt16) {
        usedRing.store(index, at: UsedRingLayout.availableEvent(size: size))
    }

    private static func part(
        of memory: Memory, at physicalAddress: UInt64, byteCount: Int, alignment: Int
    ) throws(DeviceVirtqueueFault) -> DMARegion {
        guard physicalAddress % UInt64(alignment) == 0,
            let region = memory.region(at: physicalAddress, byteCount: UInt64(byteCount)),
            UInt(bitPattern: region.base) % UInt(alignment) == 0
        else { throw .queueUnusable }
        return region
    }
}
