@testable import Virtio

/// A driver's queue and a device's queue joined over plain memory.
final class QueuePair {
    let memory: TestMemory
    let region: DMARegion
    var driver: Virtqueue
    var device: DeviceVirtqueue<ContiguousGuestMemory>
    /// The chain that the device took last.
    var chain = DescriptorChain()

    init(size: UInt16, indirectSegmentsMax: Int = 0, features: Features = []) throws {
        let layout = VirtqueueLayout(size: size, indirectSegmentsMax: indirectSegmentsMax)
        memory = TestMemory()
        region = memory.allocate(layout.requirement)
        driver = Virtqueue(layout: layout, memory: region, features: features)
        device = try DeviceVirtqueue(
            memory: memory.guest, size: size, addresses: driver.addresses, features: features)
    }

    /// Submits a chain of one writable buffer.
    func offer(_ buffer: DMARegion, token: UInt32) throws {
        try driver.submit(writable: buffer.segment, token: token)
    }

    /// Submits a chain of several buffers.
    func offer(
        readable: [DMARegion], writable: [DMARegion], token: UInt32
    ) throws(VirtqueueSubmissionError) {
        let readableSegments = readable.map { $0.segment }
        let writableSegments = writable.map { $0.segment }
        try driver.submit(readable: readableSegments.span, writable: writableSegments.span, token: token)
    }

    /// The device takes all chains and gives them back at once, unwritten.
    func echoAll() throws -> Int {
        var count = 0
        while try device.next(into: &chain) {
            device.complete(head: chain.head, writtenByteCount: 0)
            count += 1
        }
        return count
    }

    /// Tokens of all completions there are.
    func collect() throws -> [UInt32] {
        var tokens: [UInt32] = []
        while let completion = try driver.nextCompletion() {
            tokens.append(completion.token)
        }
        return tokens
    }

    /// Writes a used entry as a lying device would, then announces `index`.
    func lie(slot: Int = 0, identifier: UInt32, length: UInt32 = 0, index: UInt16) {
        let used = driver.layout.usedRing
        let entry = used + UsedRingLayout.entries + slot * UsedRingLayout.entryByteCount
        region.store(identifier, at: entry + UsedRingLayout.entryIdentifier)
        region.store(length, at: entry + UsedRingLayout.entryLength)
        region.storeReleasing16(index, at: used + UsedRingLayout.index)
    }

    var fault: VirtqueueFault? { driver.fault }
}
