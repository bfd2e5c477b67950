import Testing
@testable import Virtio

@Suite("Entropy device")
struct EntropyDeviceTests {
    private let device = ModelDevice(.entropy, features: [.version1, .eventIndex])
    private let driver: EntropyDevice<ModelDevice>

    init() throws {
        driver = try EntropyDevice(registers: device, memory: device.memory.allocate(EntropyConfiguration.requirement))
    }

    /// The device answers with bytes 1, 2, 3 ..., `count` of them, and tells how many were asked for.
    private func answer(count: Int) throws -> UInt32 {
        try device.withQueue(0) { queue in
            var chain = DescriptorChain()
            guard try queue.next(into: &chain) else { return 0 }
            for offset in 0..<min(count, chain.writable[0].byteCount) {
                chain.writable[0].store(UInt8(truncatingIfNeeded: offset + 1), at: offset)
            }
            queue.complete(head: chain.head, writtenByteCount: UInt32(count))
            _ = queue.publish()
            return chain.writableByteCount
        }
    }

    private func collect(room: Int = 64) throws -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: room)
        var span = buffer.mutableSpan
        guard let count = try driver.collect(into: &span) else { return nil }
        return Array(buffer.prefix(count))
    }

    @Test("Entropy arrives when the device is ready")
    func roundTrip() throws {
        try driver.request(byteCount: 32)
        #expect(driver.isRequestPending)
        #expect(device.takeNotifications() == [0])
        #expect(try collect() == nil)
        #expect(!driver.armInterrupts())
        #expect(try answer(count: 32) == 32)
        #expect(driver.armInterrupts())
        #expect(try collect() == (1...32).map { UInt8($0) })
        #expect(!driver.isRequestPending)
    }

    @Test("Fewer bytes than asked for are fine, and more than there is room for are thrown away")
    func partial() throws {
        try driver.request(byteCount: 32)
        _ = try answer(count: 5)
        #expect(try collect() == [1, 2, 3, 4, 5])
        try driver.request(byteCount: 32)
        _ = try answer(count: 32)
        #expect(try collect(room: 2) == [1, 2])
    }

    @Test("Requests are bounded, and one at a time")
    func bounded() throws {
        try driver.request(byteCount: 1 << 20)
        try driver.request(byteCount: 1)
        #expect(try answer(count: 1) == UInt32(VirtioLimits.entropyRequestBytesMax))
        #expect(try answer(count: 1) == 0)
    }

    @Test("What was collected is wiped from shared memory")
    func wiped() throws {
        try driver.request(byteCount: 16)
        _ = try answer(count: 16)
        _ = try collect()
        try driver.request(byteCount: 16)
        try device.withQueue(0) { queue in
            var chain = DescriptorChain()
            _ = try queue.next(into: &chain)
            #expect(chain.writable[0].bytes.allSatisfy { $0 == 0 })
        }
    }

    @Test("No bytes, or more than asked for, end the device")
    func lies() throws {
        try driver.request(byteCount: 16)
        _ = try answer(count: 0)
        #expect(throws: DeviceFault.noEntropy) { _ = try collect() }
        #expect(device.status == 0)
        #expect(throws: DeviceFault.noEntropy) { try driver.request(byteCount: 1) }

        let other = try EntropyDeviceTests()
        try other.driver.request(byteCount: 16)
        _ = try other.answer(count: 17)
        #expect(throws: DeviceFault.queue(0, .lengthTooLong(written: 17, offered: 16))) { _ = try other.collect() }
    }
}
