import Testing
@testable import Virtio

@Suite("Console")
struct ConsoleDeviceTests {
    private let device = ModelDevice(.console, features: [.version1, .eventIndex, ConsoleFeature.multiplePorts])
    private let driver: ConsoleDevice<ModelDevice>

    init() throws {
        let sizes = ConsoleConfiguration(bufferCount: 4, bufferByteCount: 8)
        driver = try ConsoleDevice(
            registers: device, memory: device.memory.allocate(sizes.requirement), configuration: sizes)
    }

    private func takeWritten() throws -> String {
        try device.withQueue(1) { queue in
            var bytes: [UInt8] = []
            var chain = DescriptorChain()
            while try queue.next(into: &chain) {
                bytes += chain.readable.flatMap(\.bytes)
                queue.complete(head: chain.head, writtenByteCount: 0)
            }
            _ = queue.publish()
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private func type(_ text: String) throws -> Bool {
        try device.withQueue(0) { queue in
            var chain = DescriptorChain()
            guard try queue.next(into: &chain) else { return false }
            chain.writable[0].bytes = Array(text.utf8)
            queue.complete(head: chain.head, writtenByteCount: UInt32(text.utf8.count))
            _ = queue.publish()
            return true
        }
    }

    private func write(_ text: String) throws -> Int {
        let bytes = Array(text.utf8)
        return try driver.write(bytes.span)
    }

    private func read() throws -> String {
        var bytes: [UInt8] = []
        let count = try driver.read { piece in
            bytes += (0..<piece.count).map { piece[$0] }
        }
        #expect(count == bytes.count)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Multiple ports are not accepted")
    func features() {
        #expect(device.acceptedFeatures == [.version1, .eventIndex])
    }

    @Test("Bytes go out in order, as many as fit")
    func writes() throws {
        _ = device.takeNotifications()
        #expect(try write("hello, virtual world") == 20)
        #expect(device.takeNotifications() == [1])
        #expect(try takeWritten() == "hello, virtual world")
        #expect(try write(String(repeating: "x", count: 40)) == 32)
        #expect(try write("y") == 0)
        #expect(try takeWritten() == String(repeating: "x", count: 32))
        #expect(try write("y") == 1)
        #expect(try takeWritten() == "y")
        #expect(try write("") == 0)
    }

    @Test("Bytes come in in order, and the buffers go round for ever")
    func reads() throws {
        for round in 0..<50 {
            #expect(try type("a\(round)"))
            #expect(try type(" b"))
            #expect(driver.armInterrupts())
            #expect(try read() == "a\(round) b")
            #expect(try read() == "")
            #expect(!driver.armInterrupts())
        }
    }

    @Test("A device without buffers has to wait, and one that writes too much is reset")
    func bounds() throws {
        for _ in 0..<4 {
            #expect(try type("12345678"))
        }
        #expect(try !type("9"))
        #expect(try read().count == 32)
        #expect(try type("9"))
        #expect(try read() == "9")
        try device.withQueue(0) { queue in
            var chain = DescriptorChain()
            _ = try queue.next(into: &chain)
            queue.complete(head: chain.head, writtenByteCount: 9)
            _ = queue.publish()
        }
        #expect(throws: DeviceFault.queue(0, .lengthTooLong(written: 9, offered: 8))) { _ = try read() }
        #expect(device.status == 0)
        #expect(driver.armInterrupts())
    }
}
