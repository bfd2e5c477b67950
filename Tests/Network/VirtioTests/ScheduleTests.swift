import TestSupport
import Testing
@testable import Virtio

@Suite("Random schedules")
struct ScheduleTests {
    /// A request the driver has in flight, and the buffers that belong to it.
    private struct Request {
        var readable: [DMARegion]
        var writable: [DMARegion]
        var sent: [UInt8]
    }

    /// A chain that the device holds.
    private struct Held {
        var head: UInt16
        var answer: [UInt8]
        var writable: [DMARegion]
    }

    @Test("Every chain comes back once, with the answer to its data", arguments: VirtqueueTests.featureSets)
    func property(features: Features) throws {
        for seed in 0..<12 as Range<UInt64> {
            try run(seed: seed, features: features)
        }
    }

    private func run(seed: UInt64, features: Features) throws {
        var random = SplitMix64(seed: seed)
        let pair = try QueuePair(size: 16, indirectSegmentsMax: 6, features: features)
        // Twice as many slots as the queue holds, each with six buffers of its own.
        let slots = (0..<32).map { _ in (0..<6).map { _ in pair.memory.allocate(32) } }
        var requests: [UInt32: Request] = [:]
        var held: [Held] = []
        var completed = 0

        for step in 0..<1500 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                submit(pair, slots, &requests, &random)
            case 2:
                _ = pair.driver.publish()
            case 3:
                while held.count < 16, try pair.device.next(into: &pair.chain) {
                    held.append(answer(to: pair.chain))
                }
            case 4:
                finish(&held, pair, &random)
                _ = pair.device.publish()
            default:
                completed += try collect(pair, &requests, seed: seed, step: step)
            }
        }
        _ = pair.driver.publish()
        while try pair.device.next(into: &pair.chain) {
            held.append(answer(to: pair.chain))
        }
        while !held.isEmpty {
            finish(&held, pair, &random)
        }
        _ = pair.device.publish()
        completed += try collect(pair, &requests, seed: seed, step: 1500)
        #expect(requests.isEmpty, "seed \(seed)")
        #expect(UInt64(completed) == pair.driver.submittedCount)
        #expect(completed > 100)
        #expect(pair.driver.freeDescriptorCount == 16)
    }

    private func submit(
        _ pair: QueuePair, _ slots: [[DMARegion]], _ requests: inout [UInt32: Request], _ random: inout SplitMix64
    ) {
        let token = UInt32.random(in: 0..<32, using: &random)
        guard requests[token] == nil else { return }
        let readableCount = Int.random(in: 1...3, using: &random)
        let writableCount = Int.random(in: 0...3, using: &random)
        let readable = Array(slots[Int(token)][..<readableCount])
        let writable = Array(slots[Int(token)][3..<(3 + writableCount)])
        var sent: [UInt8] = []
        for region in readable {
            region.bytes = (0..<region.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
            sent += region.bytes
        }
        writable.forEach { $0.clear() }
        do {
            try pair.offer(readable: readable, writable: writable, token: token)
            requests[token] = Request(readable: readable, writable: writable, sent: sent)
        } catch {
            #expect(error == .full)
        }
    }

    /// The device answers with what it read, inverted, as far as there is room.
    private func answer(to chain: DescriptorChain) -> Held {
        let read = chain.readable.flatMap(\.bytes)
        let room = Int(chain.writableByteCount)
        return Held(head: chain.head, answer: read.prefix(room).map { ~$0 }, writable: chain.writable)
    }

    private func finish(_ held: inout [Held], _ pair: QueuePair, _ random: inout SplitMix64) {
        guard !held.isEmpty else { return }
        let chain = held.remove(at: Int.random(in: 0..<held.count, using: &random))
        var rest = chain.answer[...]
        for region in chain.writable {
            region.bytes = Array(rest.prefix(region.byteCount))
            rest = rest.dropFirst(region.byteCount)
        }
        pair.device.complete(head: chain.head, writtenByteCount: UInt32(chain.answer.count))
    }

    private func collect(
        _ pair: QueuePair, _ requests: inout [UInt32: Request], seed: UInt64, step: Int
    ) throws -> Int {
        var count = 0
        while let completion = try pair.driver.nextCompletion() {
            let removed = requests.removeValue(forKey: completion.token)
            let request = try #require(removed, "seed \(seed), step \(step): a token came back twice")
            let written = request.writable.flatMap(\.bytes).prefix(Int(completion.writtenByteCount))
            #expect(Array(written) == request.sent.prefix(written.count).map { ~$0 }, "seed \(seed), step \(step)")
            count += 1
        }
        return count
    }
}
