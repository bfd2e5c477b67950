/// The guest's memory as a device model reaches it.
public protocol GuestMemory {
    /// The memory at a physical address, or nil unless all of it is memory that the guest may lend to devices.
    ///
    /// - Parameters:
    ///   - physicalAddress: any value; the guest chose it.
    ///   - byteCount: any value; the guest chose it.
    func region(at physicalAddress: UInt64, byteCount: UInt64) -> DMARegion?
}

/// One contiguous block of guest memory.
public struct ContiguousGuestMemory: GuestMemory {
    private let memory: DMARegion

    public init(_ memory: DMARegion) {
        self.memory = memory
    }

    public func region(at physicalAddress: UInt64, byteCount: UInt64) -> DMARegion? {
        guard physicalAddress >= memory.physicalAddress else { return nil }
        let offset = physicalAddress - memory.physicalAddress
        let total = UInt64(memory.byteCount)
        guard offset <= total, byteCount <= total - offset else { return nil }
        return memory.part(at: Int(offset), byteCount: Int(byteCount))
    }
}
