import Testing
@testable import Virtio

@Suite("Bringing a device up, step by step")
struct InitializationTests {
    /// Goes through all steps with the entropy driver, which has the simplest device.
    private func bringUp(_ device: ModelDevice) throws(VirtioInitializationError) -> EntropyDevice<ModelDevice> {
        try EntropyDevice(registers: device, memory: device.memory.allocate(EntropyConfiguration.requirement))
    }

    private func expectFailure(_ expected: VirtioInitializationError, _ change: (ModelDevice) -> Void) {
        let device = ModelDevice(.entropy)
        change(device)
        do throws(VirtioInitializationError) {
            _ = try bringUp(device)
            Issue.record("came up instead of failing with \(expected)")
        } catch {
            #expect(error == expected)
            #expect(!device.isRunning)
        }
    }

    @Test("The steps are done in the order of the specification")
    func order() throws {
        let device = ModelDevice(.entropy, features: [.version1, .eventIndex, .packedRing, .accessPlatform])
        let driver = try bringUp(device)
        let statuses = device.writes.filter { $0.offset == MMIORegister.status }.map(\.value)
        #expect(statuses == [0, 1, 3, 11, 15])
        #expect(device.acceptedFeatures == [.version1, .eventIndex], "nothing unknown is accepted")
        #expect(device.isRunning)
        #expect(driver.fault == nil)
        let ready = device.writes.firstIndex { $0.offset == MMIORegister.queueReady }!
        let driverOK = device.writes.firstIndex { $0.offset == MMIORegister.status && $0.value == 15 }!
        #expect(ready < driverOK)
    }

    @Test("No virtio registers, another version, or no device")
    func probe() {
        expectFailure(.notVirtio(magic: 0xffff_ffff)) { $0.magic = 0xffff_ffff }
        expectFailure(.legacyDevice) { $0.version = 1 }
        expectFailure(.unsupportedVersion(3)) { $0.version = 3 }
        expectFailure(.noDevice) { $0.deviceID = .none }
        expectFailure(.unexpectedDevice(expected: .entropy, found: .block)) { $0.deviceID = .block }
    }

    @Test("Probing changes nothing")
    func probeIsPassive() throws {
        let device = ModelDevice(.block)
        #expect(try MMIOTransport.probe(device) == .block)
        #expect(device.writes.isEmpty)
    }

    @Test("A legacy device is answered with QEMU's flag")
    func legacyAdvice() {
        #expect(VirtioInitializationError.legacyDevice.description.contains("-global virtio-mmio.force-legacy=false"))
    }

    @Test("A reset that does not end")
    func reset() {
        expectFailure(.resetTimeout(status: 1)) { $0.neverFinishesReset = true }
    }

    @Test("Features missing or refused")
    func features() {
        expectFailure(.featuresMissing(required: .version1, offered: .eventIndex)) { $0.offeredFeatures = .eventIndex }
        expectFailure(.featuresRefused(accepted: .version1, offered: .version1)) { $0.refusesFeatures = true }
    }

    @Test("A queue that is missing, busy or not taken")
    func queues() {
        expectFailure(.queueMissing(queue: 0)) { $0.queueSizes = [0] }
        expectFailure(.queueBusy(queue: 0)) { $0.queueStaysReady = true }
        expectFailure(.queueRefused(queue: 0)) { $0.refusesQueues = true }
    }

    @Test("A queue too small for a block request")
    func smallQueue() {
        let device = ModelDevice(.block, queueSizes: [2])
        let memory = device.memory.allocate(BlockConfiguration().requirement)
        #expect(throws: VirtioInitializationError.queueTooSmall(queue: 0, maximum: 2, needed: 4)) {
            _ = try BlockDevice(registers: device, memory: memory)
        }
    }

    @Test("A device that gives up at its start")
    func start() {
        expectFailure(.deviceFailed(status: 15 | 64)) { $0.asksForReset = true }
    }

    @Test("Memory too small or misaligned")
    func memory() {
        let needed = EntropyConfiguration.requirement
        for (offset, byteCount) in [(0, needed.byteCount - 1), (8, needed.byteCount)] {
            let device = ModelDevice(.entropy)
            let memory = device.memory.all.part(at: offset, byteCount: byteCount)
            #expect(
                throws: VirtioInitializationError.memoryUnfit(
                    needed: needed, byteCount: byteCount, physicalAddress: memory.physicalAddress)
            ) {
                _ = try EntropyDevice(registers: device, memory: memory)
            }
            #expect(device.status == DeviceStatus.failed.rawValue, "the device is told")
        }
    }

    @Test("A configuration that changes while it is read is read again, but not for ever")
    func generation() throws {
        let device = ModelDevice(.block, configuration: [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
        device.unstableReads = 5
        let transport = try MMIOTransport(registers: device)
        #expect(try transport.configuration64(at: 0) == 0x1122_3344_5566_7788)
        device.unstableReads = Int.max
        #expect(throws: VirtioInitializationError.configurationUnstable(offset: 0)) {
            _ = try transport.configuration64(at: 0)
        }
    }

    @Test("Interrupts are cleared at once")
    func interrupts() throws {
        let device = ModelDevice(.entropy)
        let transport = try MMIOTransport(registers: device)
        device.interruptStatus = 3
        transport.clearInterrupt()
        #expect(device.interruptStatus == 0)
    }

    @Test("A driver that goes away resets its device")
    func goesAway() throws {
        let device = ModelDevice(.entropy)
        do {
            let driver = try bringUp(device)
            #expect(driver.fault == nil)
        }
        #expect(device.status == 0)
        #expect(device.resetCount == 2)
    }
}
