import TestSupport
import Testing
@testable import Virtio

@Suite("Long reads in many requests")
struct SequentialReadTests {
    @Test("All bytes arrive, whatever the order, the sizes and the depth", arguments: 0..<12 as Range<UInt64>)
    func property(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let bench = try BlockBench(
            sectorCount: 600,
            features: Bool.random(using: &random) ? BlockBench.allFeatures : BlockBench.directFeatures,
            queueSize: Bool.random(using: &random) ? 256 : 8)
        let first = UInt64.random(in: 0..<50, using: &random)
        let count = Int.random(in: 1...500, using: &random)
        let memory = bench.device.memory.allocate(count * 512)
        var read = SequentialRead(
            from: first, into: memory, requestByteCount: 512 * Int.random(in: 1...20, using: &random),
            requestsInFlightMax: Int.random(in: 1...80, using: &random))
        var steps = 0
        while read.state == .running, steps < 10_000 {
            let before = read.completedByteCount
            try bench.driver.advance(&read)
            #expect(read.completedByteCount >= before)
            try bench.serve(count: Int.random(in: 0...6, using: &random), using: &random)
            steps += 1
        }
        #expect(read.state == .finished)
        #expect(read.completedByteCount == read.byteCount)
        #expect(memory.bytes == Array(bench.disk[(Int(first) * 512)..<((Int(first) + count) * 512)]))
        #expect(bench.driver.inFlightCount == 0)
    }

    @Test("It keeps as many requests in flight as it may, with one notification a batch")
    func depth() throws {
        let bench = try BlockBench(sectorCount: 600)
        let memory = bench.device.memory.allocate(100 * 512)
        var read = SequentialRead(from: 0, into: memory, requestByteCount: 512, requestsInFlightMax: 16)
        try bench.driver.advance(&read)
        #expect(bench.driver.inFlightCount == 16)
        #expect(bench.device.takeNotifications() == [0])
        try bench.driver.advance(&read)
        #expect(bench.device.takeNotifications().isEmpty)
    }

    @Test("Nothing to read is finished at once")
    func empty() throws {
        let bench = try BlockBench()
        var read = SequentialRead(from: 0, into: bench.device.memory.allocate(0))
        #expect(read.state == .finished)
        try bench.driver.advance(&read)
        #expect(bench.driver.inFlightCount == 0)
    }

    @Test("A failed request ends the read once nothing is in flight any more")
    func failure() throws {
        let bench = try BlockBench(sectorCount: 600)
        bench.statusOfSector[7] = BlockStatus.ioError
        let memory = bench.device.memory.allocate(100 * 512)
        var read = SequentialRead(from: 0, into: memory, requestByteCount: 512, requestsInFlightMax: 10)
        try bench.driver.advance(&read)
        var random = SplitMix64(seed: 0)
        var steps = 0
        while read.state == .running, steps < 1000 {
            try bench.serve(count: 1, using: &random)
            try bench.driver.advance(&read)
            steps += 1
        }
        #expect(read.state == .failed(sector: 7, .ioError))
        #expect(bench.driver.inFlightCount == 0)
        #expect(read.nextRequest == nil)
    }

    @Test("A range past the end is refused")
    func pastTheEnd() throws {
        let bench = try BlockBench(sectorCount: 64)
        var read = SequentialRead(from: 60, into: bench.device.memory.allocate(5 * 512))
        #expect(throws: SequentialReadError.refused(.outOfRange(sector: 60, sectorCount: 5, capacity: 64))) {
            try bench.driver.advance(&read)
        }
    }

    @Test("Completions of others are handed over")
    func others() throws {
        let bench = try BlockBench()
        try bench.driver.submitRead(from: 0, into: bench.device.memory.allocate(512), token: 77)
        var read = SequentialRead(from: 1, into: bench.device.memory.allocate(1024), token: 1)
        var tokens: [UInt32] = []
        for _ in 0..<3 {
            try bench.driver.advance(&read) { tokens.append($0.token) }
            try bench.serveAll()
        }
        #expect(tokens == [77])
        #expect(read.state == .finished)
    }
}
