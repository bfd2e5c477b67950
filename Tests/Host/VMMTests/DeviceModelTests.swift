import Glibc
import HostSystem
import Testing
import Virtio

@testable import VMM

/// The kernel's own drivers against the device models.
@Suite("Device models under the kernel's drivers")
struct DeviceModelTests {
    /// A file of this content that is gone when the test is.
    private func file(_ bytes: [UInt8]) throws -> InputFile {
        let path = "/tmp/hexa-vmm-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let descriptor = FileDescriptor(owning: open(path, O_CREAT | O_WRONLY, 0o600))
        descriptor.write(bytes)
        defer { unlink(path) }
        return try InputFile(path)
    }

    @Test("A disk shows its file, and zeros to the end of the last sector")
    func diskShowsItsFileAndFillsUpTheLastSector() throws {
        let content = (0..<1_300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let wired = try Wired(BlockModel(file(content)))
        let sizes = BlockConfiguration()
        let device = try BlockDevice(
            registers: wired, memory: wired.allocate(sizes.requirement.byteCount), configuration: sizes)
        #expect(device.sectorCount == 3)
        #expect(device.isReadOnly)
        let target = wired.allocate(1_536)
        try device.submitRead(from: 0, into: target, token: 1)
        device.publish()
        let completion = try #require(try device.nextCompletion())
        #expect(completion.failure == nil)
        #expect(Array(target.buffer) == content + [UInt8](repeating: 0, count: 236))
    }

    @Test("Entropy differs from zeros and from itself")
    func entropyDiffersFromZerosAndFromItself() throws {
        let wired = try Wired(EntropyModel())
        let device = try EntropyDevice(
            registers: wired, memory: wired.allocate(EntropyConfiguration.requirement.byteCount))
        var seeds: [[UInt8]] = []
        for _ in 0..<2 {
            try device.request(byteCount: 32)
            var seed = [UInt8](repeating: 0, count: 32)
            var span = seed.mutableSpan
            #expect(try device.collect(into: &span) == 32)
            seeds.append(seed)
        }
        #expect(seeds[0] != seeds[1])
        #expect(seeds[0] != [UInt8](repeating: 0, count: 32))
    }

    @Test("The console carries bytes both ways")
    func consoleCarriesBothWays() throws {
        var written: [UInt8] = []
        let model = ConsoleModel { written += $0 }
        let wired = try Wired(model)
        let sizes = ConsoleConfiguration()
        let device = try ConsoleDevice(
            registers: wired, memory: wired.allocate(sizes.requirement.byteCount), configuration: sizes)
        let line = Array("hello\n".utf8)
        #expect(try device.write(line.span) == 6)
        #expect(written == line)
        model.receive(Array("poweroff\n".utf8))
        wired.serve()
        var read: [UInt8] = []
        _ = try device.read { piece in for index in piece.indices { read.append(piece[index]) } }
        #expect(read == Array("poweroff\n".utf8))
    }

    @Test("Persistent memory announces its range")
    func persistentMemorySaysWhereItIs() throws {
        let wired = try Wired(PersistentMemoryModel(address: 5 << 30, byteCount: 4 << 20))
        let requirement = PersistentMemoryDevice<Wired>.requirement
        let device = try PersistentMemoryDevice(registers: wired, memory: wired.allocate(requirement.byteCount))
        #expect(device.range == 5 << 30..<(5 << 30) + (4 << 20))
    }

    @Test("A driver that accepts a feature that was not offered is refused")
    func driverThatChoosesWhatIsNotOfferedIsRefused() throws {
        let wired = try Wired(EntropyModel())
        wired.write32(1, at: MMIORegister.driverFeaturesSelect)
        wired.write32(1 << 2 | 1, at: MMIORegister.driverFeatures)
        wired.write32(0b1011, at: MMIORegister.status)
        #expect(wired.read32(at: MMIORegister.status) & DeviceStatus.featuresOK.rawValue == 0)
    }

    @Test("A violated rule makes the device need a reset, which restores it")
    func brokenRuleMakesTheDeviceAskForAResetWhichHeals() throws {
        let wired = try Wired(EntropyModel())
        let memory = wired.allocate(EntropyConfiguration.requirement.byteCount)
        let device = try EntropyDevice(registers: wired, memory: memory)
        // The available index jumps by more than the queue has.
        memory.buffer[16 + 2] = 200
        wired.write32(0, at: MMIORegister.queueNotify)
        #expect(wired.transport.fault == .availableIndexJump(advance: 200))
        #expect(wired.read32(at: MMIORegister.status) & DeviceStatus.deviceNeedsReset.rawValue != 0)
        #expect(wired.read32(at: MMIORegister.interruptStatus) & InterruptStatus.configurationChange.rawValue != 0)
        try device.shutDown()
        #expect(wired.read32(at: MMIORegister.status) == 0)
        let again = try EntropyDevice(registers: wired, memory: memory)
        try again.request(byteCount: 8)
        var seed = [UInt8](repeating: 0, count: 8)
        var span = seed.mutableSpan
        #expect(try again.collect(into: &span) == 8)
    }
}
