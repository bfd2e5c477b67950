import TestSupport
import Testing
@testable import Virtio

@Suite("A device that lies is found out")
struct HostileDeviceTests {
    /// A queue of four with chains 10 (head 0, 64 writable bytes) and 11 (head 1) in flight, 12 (head 2) not published.
    private func pair() throws -> QueuePair {
        let pair = try QueuePair(size: 4)
        try pair.offer(pair.memory.allocate(64), token: 10)
        try pair.offer(pair.memory.allocate(64), token: 11)
        _ = pair.driver.publish()
        try pair.offer(pair.memory.allocate(64), token: 12)
        return pair
    }

    private func expectFault(_ fault: VirtqueueFault, _ pair: QueuePair) {
        #expect(throws: fault) { _ = try pair.driver.nextCompletion() }
        #expect(pair.fault == fault)
        #expect(throws: fault, "the queue stays failed") { _ = try pair.driver.nextCompletion() }
        #expect(throws: VirtqueueSubmissionError.failed) {
            try pair.driver.submit(readable: BufferSegment(physicalAddress: 0, byteCount: 1), token: 0)
        }
        let notified = pair.driver.publish()
        #expect(!notified)
        let arrived = pair.driver.armInterrupts()
        #expect(arrived, "nobody sleeps on a failed queue")
    }

    @Test("An identifier the queue does not have", arguments: [4, 65_536, UInt32.max])
    func identifierOutOfRange(identifier: UInt32) throws {
        let pair = try pair()
        pair.lie(identifier: identifier, index: 1)
        expectFault(.identifierOutOfRange(identifier, queueSize: 4), pair)
    }

    @Test("An identifier that was never offered")
    func identifierFree() throws {
        let pair = try pair()
        pair.lie(identifier: 3, index: 1)
        expectFault(.identifierNotInFlight(3), pair)
    }

    @Test("An identifier that was submitted but not shown yet")
    func identifierUnpublished() throws {
        let pair = try pair()
        pair.lie(identifier: 2, index: 1)
        expectFault(.identifierNotInFlight(2), pair)
    }

    @Test("The same identifier twice")
    func identifierTwice() throws {
        let pair = try pair()
        pair.lie(slot: 0, identifier: 0, index: 1)
        #expect(try pair.driver.nextCompletion()?.token == 10)
        pair.lie(slot: 1, identifier: 0, index: 2)
        expectFault(.identifierNotInFlight(0), pair)
    }

    @Test("An identifier from within a chain")
    func identifierWithinChain() throws {
        let pair = try QueuePair(size: 4)
        let buffer = pair.memory.allocate(64).segment
        try pair.driver.submit(readable: [buffer].span, writable: [buffer].span, token: 0)
        _ = pair.driver.publish()
        pair.lie(identifier: 1, index: 1)
        expectFault(.identifierNotInFlight(1), pair)
    }

    @Test("More bytes than were offered; exactly as many are fine")
    func lengthTooLong() throws {
        let pair = try pair()
        pair.lie(slot: 0, identifier: 0, length: 64, index: 1)
        #expect(try pair.driver.nextCompletion()?.writtenByteCount == 64)
        pair.lie(slot: 1, identifier: 1, length: 65, index: 2)
        expectFault(.lengthTooLong(written: 65, offered: 64), pair)
    }

    @Test("Bytes written to a chain that was only to be read")
    func lengthOfReadable() throws {
        let pair = try QueuePair(size: 4)
        try pair.driver.submit(readable: pair.memory.allocate(64).segment, token: 0)
        _ = pair.driver.publish()
        pair.lie(identifier: 0, length: 1, index: 1)
        expectFault(.lengthTooLong(written: 1, offered: 0), pair)
    }

    @Test("A used index ahead of what was offered, or behind", arguments: [3, 4, 5, 0x8000, 0xffff] as [UInt16])
    func indexJump(index: UInt16) throws {
        let pair = try pair()
        pair.lie(identifier: 0, index: index)
        expectFault(.usedIndexJump(advance: index, outstanding: 2), pair)
    }

    @Test("Random used rings never trap, and no token comes back twice")
    func fuzz() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let pair = try QueuePair(size: 8, indirectSegmentsMax: 4, features: .indirectDescriptors)
            let buffer = pair.memory.allocate(64)
            var next: UInt32 = 0
            var outstanding: Set<UInt32> = []
            for _ in 0..<50 {
                while pair.driver.freeDescriptorCount > 0, Bool.random(using: &random) {
                    try pair.offer(buffer, token: next)
                    outstanding.insert(next)
                    next += 1
                }
                _ = pair.driver.publish()
                pair.lie(
                    slot: Int.random(in: 0..<8, using: &random), identifier: UInt32.random(in: 0..<9, using: &random),
                    length: UInt32.random(in: 0..<70, using: &random),
                    index: UInt16(truncatingIfNeeded: pair.driver.completedCount) &+ .random(in: 0..<3, using: &random))
                do {
                    while let completion = try pair.driver.nextCompletion() {
                        #expect(outstanding.remove(completion.token) != nil)
                        #expect(completion.writtenByteCount <= 64)
                    }
                } catch {
                    #expect(pair.fault != nil)
                    break
                }
            }
        }
    }
}
