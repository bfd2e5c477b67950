import Testing
@testable import Virtio

@Suite("Network device")
struct NetworkDeviceTests {
    private static let address: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]
    private static let all: Features = [
        .version1, .eventIndex, NetworkFeature.checksum, NetworkFeature.guestChecksum, NetworkFeature.macAddress,
        NetworkFeature.transmissionUnit,
    ]

    private final class Bench {
        let device: ModelDevice
        let driver: NetworkDevice<ModelDevice>

        init(features: Features = all, unit: UInt16 = 1500, buffers: UInt16 = 4) throws {
            var configuration = address + [1, 0, 1, 0]
            configuration += [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
            device = ModelDevice(.network, features: features, configuration: configuration)
            let sizes = NetworkConfiguration(receiveBufferCount: buffers, transmitBufferCount: buffers)
            driver = try NetworkDevice(
                registers: device, memory: device.memory.allocate(sizes.requirement), configuration: sizes)
        }

        /// The device delivers a frame; false when it has no buffer for it.
        func deliver(_ frame: [UInt8], flags: NetworkHeaderFlags = []) throws -> Bool {
            try device.withQueue(0) { queue in
                var chain = DescriptorChain()
                guard try queue.next(into: &chain) else { return false }
                var header = NetworkHeader()
                header.flags = flags
                header.bufferCount = 1
                header.write(to: chain.writable[0])
                for (offset, byte) in frame.enumerated() {
                    chain.writable[0].store(byte, at: NetworkHeader.byteCount + offset)
                }
                queue.complete(head: chain.head, writtenByteCount: UInt32(NetworkHeader.byteCount + frame.count))
                _ = queue.publish()
                return true
            }
        }

        /// The device takes all frames the driver sent.
        func takeSent(complete: Bool = true) throws -> [(NetworkHeader, [UInt8])] {
            try device.withQueue(1) { queue in
                var frames: [(NetworkHeader, [UInt8])] = []
                var chain = DescriptorChain()
                while try queue.next(into: &chain) {
                    let bytes = chain.readable.flatMap(\.bytes)
                    frames.append((NetworkHeader(from: chain.readable[0]), Array(bytes.dropFirst(12))))
                    if complete {
                        queue.complete(head: chain.head, writtenByteCount: 0)
                    }
                }
                _ = queue.publish()
                return frames
            }
        }

        func received(limit: Int = Int.max) throws -> [([UInt8], Bool)] {
            var frames: [([UInt8], Bool)] = []
            let count = try driver.receive(limit: limit) { frame, validated in
                frames.append(((0..<frame.count).map { frame[$0] }, validated))
            }
            #expect(count == frames.count)
            return frames
        }

        func send(_ frame: [UInt8], checksum: ChecksumOffload? = nil) throws -> TransmitOutcome {
            try driver.transmit { buffer in
                for (offset, byte) in frame.enumerated() {
                    buffer[offset] = byte
                }
                return TransmitDescriptor(byteCount: frame.count, checksum: checksum)
            }
        }
    }

    @Test("What the device says of itself")
    func identity() throws {
        let bench = try Bench()
        let address = try #require(bench.driver.macAddress)
        #expect(address.indices.map { address[$0] } == Self.address)
        #expect(bench.driver.maximumTransmissionUnit == 1500)
        #expect(bench.driver.offloadsTransmitChecksum)
        #expect(bench.driver.offloadsReceiveChecksum)
        #expect(bench.device.acceptedFeatures == Self.all)
    }

    @Test("A device with nothing but the basics")
    func plain() throws {
        let driver = try Bench(features: .version1).driver
        let hasAddress = driver.macAddress != nil
        #expect(!hasAddress)
        #expect(!driver.offloadsTransmitChecksum)
        #expect(!driver.offloadsReceiveChecksum)
        #expect(driver.maximumTransmissionUnit == 1500)
    }

    @Test("An MTU is taken if the buffers hold it, and never below IPv4's least")
    func transmissionUnit() throws {
        let small = try Bench(unit: 1280)
        #expect(small.driver.maximumTransmissionUnit == 1280)
        let large = try Bench(unit: 9000)
        #expect(large.driver.maximumTransmissionUnit == 1500)
        #expect(!large.device.acceptedFeatures.contains(NetworkFeature.transmissionUnit))
        #expect(throws: VirtioInitializationError.configurationInvalid(field: .transmissionUnit, value: 67)) {
            _ = try Bench(unit: 67)
        }
    }

    @Test("Frames arrive in order and their buffers go round for ever")
    func receive() throws {
        let bench = try Bench()
        #expect(bench.device.takeNotifications() == [0], "the buffers are announced once")
        for round in 0..<100 as Range<UInt8> {
            for part in 0..<3 as Range<UInt8> {
                #expect(try bench.deliver([round, part] + [UInt8](repeating: part, count: 60)))
            }
            #expect(try bench.received(limit: 2).map { Array($0.0.prefix(2)) } == [[round, 0], [round, 1]])
            #expect(try bench.received().map { Array($0.0.prefix(2)) } == [[round, 2]])
        }
        #expect(try bench.received().isEmpty)
    }

    @Test("The longest frame fits")
    func longestFrame() throws {
        let bench = try Bench()
        let frame = (0..<1514).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try bench.deliver(frame))
        #expect(try bench.received().first?.0 == frame)
        #expect(try bench.send(frame) == .queued)
        bench.driver.publish()
        #expect(try bench.takeSent().first?.1 == frame)
    }

    @Test(
        "A checksum counts as validated only if that was negotiated",
        arguments: [
            (NetworkHeaderFlags(), false), (.needsChecksum, true), (.dataValid, true),
        ])
    func receiveChecksum(flags: NetworkHeaderFlags, validated: Bool) throws {
        let bench = try Bench()
        #expect(try bench.deliver([1], flags: flags))
        #expect(try bench.received().map(\.1) == [validated])
        let plain = try Bench(features: .version1)
        #expect(try plain.deliver([1], flags: flags))
        #expect(try plain.received().map(\.1) == [false])
    }

    @Test("A batch is sent with one notification")
    func transmitBatch() throws {
        let bench = try Bench()
        _ = bench.device.takeNotifications()
        for number in 0..<3 as Range<UInt8> {
            #expect(try bench.send([number, 9]) == .queued)
        }
        #expect(bench.device.takeNotifications().isEmpty)
        bench.driver.publish()
        bench.driver.publish()
        #expect(bench.device.takeNotifications() == [1])
        #expect(try bench.takeSent().map(\.1) == [[0, 9], [1, 9], [2, 9]])
    }

    @Test("A checksum to be completed is described in the header, others leave it empty")
    func transmitChecksum() throws {
        let bench = try Bench()
        _ = try bench.send([UInt8](repeating: 1, count: 60), checksum: ChecksumOffload(start: 34, offset: 16))
        _ = try bench.send([UInt8](repeating: 1, count: 60))
        bench.driver.publish()
        let headers = try bench.takeSent().map(\.0)
        var expected = NetworkHeader()
        #expect(headers[1] == expected)
        expected.flags = .needsChecksum
        expected.checksumStart = 34
        expected.checksumOffset = 16
        #expect(headers[0] == expected)
    }

    @Test("When all buffers are out the driver says so, and whether one came back")
    func full() throws {
        let bench = try Bench()
        for _ in 0..<4 {
            #expect(try bench.send([1]) == .queued)
        }
        #expect(try bench.send([1]) == .full)
        bench.driver.publish()
        #expect(!bench.driver.armInterrupts())
        #expect(try bench.takeSent().count == 4)
        #expect(bench.driver.armInterrupts(), "a free buffer is work for a full driver")
        #expect(try bench.send([1]) == .queued)
    }

    @Test("A buffer that is declined is not lost")
    func declined() throws {
        let bench = try Bench()
        for _ in 0..<20 {
            #expect(try bench.driver.transmit { _ in nil } == .declined)
        }
        #expect(try bench.send([1]) == .queued)
    }

    @Test("A reply may be sent from within receive")
    func reply() throws {
        let bench = try Bench()
        #expect(try bench.deliver([7, 8]))
        _ = try bench.driver.receive { frame, _ in
            let first = frame[0]
            let outcome = try? bench.send([first + 1])
            #expect(outcome == .queued)
        }
        bench.driver.publish()
        #expect(try bench.takeSent().map(\.1) == [[8]])
    }

    @Test("Idle is safe only if nothing has arrived")
    func arming() throws {
        let bench = try Bench()
        #expect(!bench.driver.armInterrupts())
        #expect(try bench.deliver([1]))
        #expect(bench.driver.armInterrupts())
        _ = try bench.received()
        #expect(!bench.driver.armInterrupts())
    }

    @Test("A frame without a whole header ends the device")
    func truncatedHeader() throws {
        let bench = try Bench()
        try bench.device.withQueue(0) { queue in
            var chain = DescriptorChain()
            _ = try queue.next(into: &chain)
            queue.complete(head: chain.head, writtenByteCount: 11)
            _ = queue.publish()
        }
        let fault = DeviceFault.frameWithoutHeader(written: 11)
        #expect(throws: fault) { _ = try bench.received() }
        #expect(bench.device.status == 0, "the device is reset")
        #expect(throws: fault) { _ = try bench.send([1]) }
        #expect(bench.driver.fault == fault)
        #expect(bench.driver.armInterrupts())
    }

    @Test("A lie in the transmit queue ends the device")
    func transmitLie() throws {
        let bench = try Bench()
        for _ in 0..<4 {
            _ = try bench.send([1])
        }
        bench.driver.publish()
        try bench.device.withQueue(1) { queue in
            queue.complete(head: 99, writtenByteCount: 0)
            _ = queue.publish()
        }
        #expect(throws: DeviceFault.queue(1, .identifierOutOfRange(99, queueSize: 4))) { _ = try bench.send([1]) }
        #expect(bench.device.status == 0)
    }
}
