import Testing
@testable import Virtio

@Suite("Split virtqueue, driver joined to device")
struct VirtqueueTests {
    static let featureSets: [Features] = [
        [], .eventIndex, .indirectDescriptors, [.eventIndex, .indirectDescriptors],
    ]

    @Test("A chain arrives with its buffers in order and comes back with its token", arguments: featureSets)
    func roundTrip(features: Features) throws {
        let pair = try QueuePair(size: 8, indirectSegmentsMax: 8, features: features)
        let request = pair.memory.allocate(16)
        let data = [pair.memory.allocate(100), pair.memory.allocate(50)]
        request.bytes = Array(0..<16)
        try pair.offer(readable: [request], writable: data, token: 77)
        #expect(try !pair.device.next(into: &pair.chain), "nothing is seen before it is published")
        let wantsNotification = pair.driver.publish()
        #expect(wantsNotification)

        #expect(try pair.device.next(into: &pair.chain))
        #expect(pair.chain.readable.map(\.bytes) == [Array(0..<16)])
        #expect(pair.chain.writable.map(\.byteCount) == [100, 50])
        #expect(pair.chain.writableByteCount == 150)
        pair.chain.writable[0].bytes = [1, 2, 3]
        pair.device.complete(head: pair.chain.head, writtenByteCount: 3)
        #expect(try pair.driver.nextCompletion() == nil)
        let wantsInterrupt = pair.device.publish()
        #expect(wantsInterrupt)

        #expect(try pair.driver.nextCompletion() == VirtqueueCompletion(token: 77, writtenByteCount: 3))
        #expect(try pair.driver.nextCompletion() == nil)
        #expect(data[0].bytes.prefix(4) == [1, 2, 3, 0])
        #expect(pair.driver.freeDescriptorCount == 8)
    }

    @Test("Indices wrap at 16 bits", arguments: featureSets)
    func wrapAround(features: Features) throws {
        let pair = try QueuePair(size: 4, indirectSegmentsMax: 4, features: features)
        let buffer = pair.memory.allocate(64)
        for round in 0..<(UInt32(UInt16.max) / 3 + 10) {
            for position in 0..<3 {
                try pair.offer(buffer, token: round * 3 + UInt32(position))
            }
            _ = pair.driver.publish()
            #expect(try pair.echoAll() == 3)
            _ = pair.device.publish()
            #expect(try pair.collect() == [round * 3, round * 3 + 1, round * 3 + 2])
        }
        #expect(pair.driver.completedCount > 65_536)
    }

    @Test("A full queue refuses, and takes again after a completion")
    func exhaustion() throws {
        let pair = try QueuePair(size: 4)
        let buffer = pair.memory.allocate(64)
        for token in 0..<4 as Range<UInt32> {
            try pair.offer(buffer, token: token)
        }
        #expect(throws: VirtqueueSubmissionError.full) { try pair.offer(buffer, token: 4) }
        _ = pair.driver.publish()
        #expect(try pair.echoAll() == 4)
        _ = pair.device.publish()
        #expect(try pair.collect() == [0, 1, 2, 3])
        try pair.offer(buffer, token: 4)
        #expect(pair.driver.inFlightCount == 1)
    }

    @Test("Without indirect tables a chain takes a descriptor per buffer, with them one")
    func descriptorUse() throws {
        let direct = try QueuePair(size: 4, indirectSegmentsMax: 4)
        let indirect = try QueuePair(size: 4, indirectSegmentsMax: 4, features: .indirectDescriptors)
        for pair in [direct, indirect] {
            let buffer = pair.memory.allocate(64).segment
            try pair.driver.submit(readable: [buffer, buffer].span, writable: [buffer].span, token: 0)
        }
        #expect(direct.driver.freeDescriptorCount == 1)
        #expect(indirect.driver.freeDescriptorCount == 3)
    }

    @Test("Chains that cannot be are refused and leave no trace")
    func badChains() throws {
        let pair = try QueuePair(size: 4)
        let segment = pair.memory.allocate(64).segment
        let empty = BufferSegment(physicalAddress: segment.physicalAddress, byteCount: 0)
        let huge = BufferSegment(physicalAddress: 0, byteCount: UInt32.max)
        #expect(throws: VirtqueueSubmissionError.emptyChain) {
            try pair.driver.submit(readable: Span(), writable: Span(), token: 0)
        }
        #expect(throws: VirtqueueSubmissionError.emptySegment) { try pair.driver.submit(readable: empty, token: 0) }
        #expect(throws: VirtqueueSubmissionError.tooManyBytes) {
            try pair.driver.submit(readable: [segment].span, writable: [huge].span, token: 0)
        }
        #expect(throws: VirtqueueSubmissionError.tooManySegments(count: 5, maximum: 4)) {
            try pair.driver.submit(
                readable: Array(repeating: segment, count: 5).span, writable: Span(), token: 0)
        }
        #expect(pair.driver.inFlightCount == 0)
        #expect(pair.driver.freeDescriptorCount == 4)
    }

    @Test("Completions may come in any order")
    func outOfOrder() throws {
        let pair = try QueuePair(size: 4, indirectSegmentsMax: 4)
        let buffer = pair.memory.allocate(64)
        for token in 0..<4 as Range<UInt32> {
            try pair.offer(buffer, token: token)
        }
        _ = pair.driver.publish()
        var heads: [UInt16] = []
        while try pair.device.next(into: &pair.chain) {
            heads.append(pair.chain.head)
        }
        for position in [2, 0, 3, 1] {
            pair.device.complete(head: heads[position], writtenByteCount: UInt32(position))
        }
        _ = pair.device.publish()
        #expect(try pair.collect() == [2, 0, 3, 1])
        // The free list is now in another order; a chain of several descriptors still holds together.
        let parts = (0..<4).map { _ in pair.memory.allocate(8) }
        try pair.offer(readable: Array(parts[..<2]), writable: Array(parts[2...]), token: 9)
        _ = pair.driver.publish()
        #expect(try pair.device.next(into: &pair.chain))
        #expect((pair.chain.readable + pair.chain.writable).map(\.physicalAddress) == parts.map(\.physicalAddress))
    }

    @Test("The layout fits the queue's parts without overlap", arguments: [1, 2, 8, 256, 32768] as [UInt16])
    func layout(size: UInt16) {
        let layout = VirtqueueLayout(size: size, indirectSegmentsMax: 4)
        #expect(layout.availableRing >= Int(size) * 16)
        #expect(layout.usedRing >= layout.availableRing + 6 + 2 * Int(size))
        #expect(layout.indirectTables >= layout.usedRing + 6 + 8 * Int(size))
        #expect(layout.usedRing % 4 == 0)
        #expect(layout.indirectTables % 16 == 0)
        #expect(layout.requirement.byteCount == layout.indirectTables + Int(size) * 16 * min(4, Int(size)))
    }
}
