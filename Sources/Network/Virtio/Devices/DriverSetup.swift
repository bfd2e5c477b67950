// Steps that the initialisers of all drivers share.
extension MMIOTransport {
    /// Opens a driver's memory after checking that it fits.
    func carver(
        _ memory: DMARegion, requirement: DMARequirement
    ) throws(VirtioInitializationError) -> MemoryCarver {
        guard requirement.isMet(by: memory) else {
            throw giveUp(
                .memoryUnfit(
                    needed: requirement, byteCount: memory.byteCount, physicalAddress: memory.physicalAddress))
        }
        return MemoryCarver(memory)
    }

    /// Sets up one queue of a driver: chooses its size, carves its memory and hands it to the device.
    ///
    /// - Parameters:
    ///   - index: the queue's index in the device.
    ///   - layout: the layout the driver prefers; its size is an upper bound.
    ///   - needed: the fewest descriptors that do.
    func makeQueue(
        _ index: UInt16, layout: VirtqueueLayout, needed: UInt16, memory: inout MemoryCarver, features: Features
    ) throws(VirtioInitializationError) -> Virtqueue {
        let size = try queueSize(of: index, preferred: layout.size, needed: needed)
        let layout = VirtqueueLayout(size: size, indirectSegmentsMax: layout.indirectSegmentsMax)
        var queue = Virtqueue(layout: layout, memory: memory.carve(layout.requirement), features: features)
        queue.suppressInterrupts()
        try enableQueue(index, size: size, addresses: queue.addresses)
        return queue
    }
}
