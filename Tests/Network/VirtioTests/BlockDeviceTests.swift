import Testing
@testable import Virtio

@Suite("Block device")
struct BlockDeviceTests {
    @Test("What the device says of itself")
    func identity() throws {
        let bench = try BlockBench(
            sectorCount: 1000,
            features: [
                .version1, BlockFeature.readOnly, BlockFeature.flush, BlockFeature.blockSize, BlockFeature.segmentsMax,
                BlockFeature.segmentBytesMax, .indirectDescriptors,
            ])
        #expect(bench.driver.sectorCount == 1000)
        #expect(bench.driver.isReadOnly)
        #expect(bench.driver.canFlush)
        #expect(bench.driver.blockByteCount == 4096)
        #expect(bench.driver.segmentCountMax == 6)
        #expect(bench.driver.segmentByteCountMax == 8192)
    }

    @Test("Without the feature a request has one segment")
    func oneSegment() throws {
        let bench = try BlockBench(features: .version1)
        #expect(bench.driver.segmentCountMax == 1)
        #expect(bench.driver.blockByteCount == 512)
        #expect(!bench.driver.canFlush)
        let memory = bench.device.memory.allocate(1024)
        let two = [memory.segment(at: 0, byteCount: 512), memory.segment(at: 512, byteCount: 512)]
        #expect(throws: BlockSubmissionError.tooManySegments(count: 2, maximum: 1)) {
            try bench.driver.submitRead(from: 0, into: two.span, token: 0)
        }
    }

    @Test("Configurations that cannot be are refused")
    func badConfiguration() {
        func expect(_ field: ConfigurationField, _ value: UInt64, _ change: (ModelDevice) -> Void) {
            let device = BlockBench.makeDevice(features: BlockBench.allFeatures, sectorCount: 64)
            change(device)
            let memory = device.memory.allocate(BlockConfiguration().requirement)
            #expect(throws: VirtioInitializationError.configurationInvalid(field: field, value: value)) {
                _ = try BlockDevice(registers: device, memory: memory)
            }
        }
        expect(.capacity, 1 << 55 | 64) { $0.configuration[6] = 0x80 }
        expect(.blockSize, 0x1001) { $0.configuration[20] = 1 }
        expect(.blockSize, 256) { $0.configuration.replaceSubrange(20..<22, with: [0, 1]) }
        expect(.segmentBytesMax, 511) { $0.configuration.replaceSubrange(8..<10, with: [0xff, 1]) }
        expect(.segmentsMax, 0) { $0.configuration[12] = 0 }
    }

    @Test("A read fills several pieces of memory", arguments: [BlockBench.allFeatures, BlockBench.directFeatures])
    func multipleSegments(features: Features) throws {
        let bench = try BlockBench(features: features)
        let pieces = [512, 100, 412, 1024].map { bench.device.memory.allocate($0) }
        let segments = pieces.map { $0.segment }
        try bench.driver.submitRead(from: 3, into: segments.span, token: 42)
        bench.driver.publish()
        try bench.serveAll()
        let completion = try #require(try bench.driver.nextCompletion())
        #expect(completion == BlockCompletion(token: 42, operation: .read, sector: 3, byteCount: 2048, failure: nil))
        #expect(pieces.flatMap(\.bytes) == Array(bench.disk[(3 * 512)..<(7 * 512)]))
        #expect(try bench.driver.nextCompletion() == nil)
    }

    @Test("A segment longer than the device allows is cut")
    func longSegment() throws {
        let bench = try BlockBench()
        let memory = bench.device.memory.allocate(20_480)
        try bench.driver.submitRead(from: 1, into: memory, token: 0)
        bench.driver.publish()
        try bench.serveAll()
        #expect(bench.lastSegmentCount == 3)
        #expect(try bench.driver.nextCompletion()?.failure == nil)
        #expect(memory.bytes == Array(bench.disk[512..<(512 + 20_480)]))
    }

    @Test("Writes reach the disk, and a flush follows")
    func write() throws {
        let bench = try BlockBench()
        let memory = bench.device.memory.allocate(1024)
        memory.bytes = [UInt8](repeating: 0xab, count: 1024)
        try bench.driver.submitWrite(to: 5, from: memory, token: 1)
        try bench.driver.submitFlush(token: 2)
        bench.driver.publish()
        try bench.serveAll()
        #expect(try bench.driver.nextCompletion()?.operation == .write)
        #expect(
            try bench.driver.nextCompletion()
                == BlockCompletion(token: 2, operation: .flush, sector: 0, byteCount: 0, failure: nil))
        #expect(bench.disk[(5 * 512)..<(7 * 512)].allSatisfy { $0 == 0xab })
        #expect(bench.flushCount == 1)
    }

    @Test("Requests that cannot be are refused before the device sees them")
    func refused() throws {
        let bench = try BlockBench(sectorCount: 64, features: [.version1, BlockFeature.readOnly])
        let memory = bench.device.memory.allocate(1024)
        #expect(throws: BlockSubmissionError.outOfRange(sector: 63, sectorCount: 2, capacity: 64)) {
            try bench.driver.submitRead(from: 63, into: memory, token: 0)
        }
        #expect(throws: BlockSubmissionError.outOfRange(sector: .max, sectorCount: 2, capacity: 64)) {
            try bench.driver.submitRead(from: .max, into: memory, token: 0)
        }
        #expect(throws: BlockSubmissionError.unaligned(byteCount: 513)) {
            try bench.driver.submitRead(from: 0, into: memory.part(at: 0, byteCount: 513), token: 0)
        }
        #expect(throws: BlockSubmissionError.unaligned(byteCount: 0)) {
            try bench.driver.submitRead(from: 0, into: memory.part(at: 0, byteCount: 0), token: 0)
        }
        #expect(throws: BlockSubmissionError.readOnly) {
            try bench.driver.submitWrite(to: 0, from: memory, token: 0)
        }
        #expect(throws: BlockSubmissionError.flushUnsupported) { try bench.driver.submitFlush(token: 0) }
        #expect(bench.driver.inFlightCount == 0)
        try bench.driver.submitRead(from: 62, into: memory, token: 0)
    }

    @Test(
        "Failures carry their sector and kind",
        arguments: [
            (BlockStatus.ioError, BlockFailure.ioError), (BlockStatus.unsupported, .unsupported),
            (7, .unknownStatus(7)),
            (0xff, .unknownStatus(0xff)),
        ])
    func failures(status: UInt8, failure: BlockFailure) throws {
        let bench = try BlockBench()
        bench.statusOfSector[9] = status
        let memory = bench.device.memory.allocate(512)
        try bench.driver.submitRead(from: 9, into: memory, token: 5)
        bench.driver.publish()
        try bench.serveAll()
        #expect(
            try bench.driver.nextCompletion()
                == BlockCompletion(token: 5, operation: .read, sector: 9, byteCount: 512, failure: failure))
        #expect(bench.driver.fault == nil, "an I/O error is no misbehaviour")
    }

    @Test("A success with too few bytes is a short read; the status byte need not be counted")
    func shortRead() throws {
        let bench = try BlockBench()
        let memory = bench.device.memory.allocate(1024)
        let cases: [(UInt32, BlockFailure?)] = [(1, nil), (2, .shortRead(byteCount: 1023))]
        for (shortfall, failure) in cases {
            bench.shortfall = shortfall
            try bench.driver.submitRead(from: 0, into: memory, token: 0)
            bench.driver.publish()
            try bench.serveAll()
            #expect(try bench.driver.nextCompletion()?.failure == failure)
        }
    }

    @Test("The queue is 64 deep, with one notification, and completions in any order")
    func deepQueue() throws {
        let bench = try BlockBench(sectorCount: 256)
        let memory = (0..<65).map { _ in bench.device.memory.allocate(512) }
        for index in 0..<64 {
            try bench.driver.submitRead(from: UInt64(index), into: memory[index], token: UInt32(index))
        }
        #expect(throws: BlockSubmissionError.busy) {
            try bench.driver.submitRead(from: 64, into: memory[64], token: 64)
        }
        bench.driver.publish()
        #expect(bench.device.takeNotifications() == [0])
        try bench.serveAll(shuffledBy: 3)
        var tokens: [UInt32] = []
        while let completion = try bench.driver.nextCompletion() {
            let index = Int(completion.token)
            #expect(memory[index].bytes == Array(bench.disk[(index * 512)..<(index * 512 + 512)]))
            tokens.append(completion.token)
        }
        #expect(tokens != Array(0..<64))
        #expect(tokens.sorted() == Array(0..<64))
        try bench.driver.submitRead(from: 64, into: memory[64], token: 64)
    }

    @Test("Without indirect tables the ring's descriptors bound the requests")
    func directDescriptors() throws {
        let bench = try BlockBench(features: BlockBench.directFeatures, queueSize: 8)
        let memory = bench.device.memory.allocate(512)
        try bench.driver.submitRead(from: 0, into: memory, token: 0)
        try bench.driver.submitRead(from: 0, into: memory, token: 0)
        #expect(throws: BlockSubmissionError.busy) { try bench.driver.submitRead(from: 0, into: memory, token: 0) }
        bench.driver.publish()
        try bench.serveAll()
        #expect(try bench.driver.nextCompletion() != nil)
        try bench.driver.submitRead(from: 0, into: memory, token: 0)
    }

    @Test("A lie ends the device")
    func lie() throws {
        let bench = try BlockBench()
        let memory = bench.device.memory.allocate(512)
        try bench.driver.submitRead(from: 0, into: memory, token: 0)
        bench.driver.publish()
        try bench.device.withQueue(0) { queue in
            queue.complete(head: 0, writtenByteCount: 514)
            _ = queue.publish()
        }
        #expect(throws: DeviceFault.queue(0, .lengthTooLong(written: 514, offered: 513))) {
            _ = try bench.driver.nextCompletion()
        }
        #expect(bench.device.status == 0)
        #expect(throws: BlockSubmissionError.failed) {
            try bench.driver.submitRead(from: 0, into: memory, token: 0)
        }
    }
}
