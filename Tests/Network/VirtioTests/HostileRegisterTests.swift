import TestSupport
import Testing
@testable import Virtio

@Suite("Registers that hold anything")
struct HostileRegisterTests {
    /// A device whose features, configuration and queue sizes are drawn at random, with likely values in between.
    private func device(_ id: DeviceID, _ random: inout SplitMix64) -> ModelDevice {
        let features = Features(rawValue: random.next()).union(.version1)
        var configuration = (0..<64).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        if Bool.random(using: &random) {
            configuration.replaceSubrange(0..<24, with: [UInt8](repeating: 0, count: 24))
            configuration[1] = 4
            configuration[11] = 4
            configuration[12] = 2
            configuration[21] = 2
        }
        let sizes = (0..<2).map { _ in
            [0, 1, 2, 3, 4, 5, 255, 256, 32_768, 65_536, UInt32.max].randomElement(using: &random)!
        }
        let device = ModelDevice(
            id, features: features, configuration: configuration, queueSizes: sizes,
            memory: TestMemory(byteCount: 1 << 18))
        device.unstableReads = Int.random(in: 0..<100, using: &random)
        return device
    }

    /// Counts how often `bringUp` succeeds; each failure must leave the device off.
    private func successes(
        _ id: DeviceID, _ bringUp: (ModelDevice) throws(VirtioInitializationError) -> Bool
    ) -> Int {
        var count = 0
        for seed in 0..<150 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let device = device(id, &random)
            do throws(VirtioInitializationError) {
                count += try bringUp(device) ? 1 : 0
            } catch {
                #expect(!device.isRunning)
                #expect(!error.description.isEmpty)
            }
            #expect(device.status & DeviceStatus.driverOK.rawValue == 0, "a driver that went away has reset its device")
        }
        return count
    }

    @Test("Every driver comes up or says why not")
    func drivers() {
        let network = successes(.network) { device throws(VirtioInitializationError) in
            let sizes = NetworkConfiguration(receiveBufferCount: 16, transmitBufferCount: 16)
            let driver = try NetworkDevice(
                registers: device, memory: device.memory.allocate(sizes.requirement), configuration: sizes)
            return driver.maximumTransmissionUnit >= Int(VirtioLimits.transmissionUnitMin)
        }
        let block = successes(.block) { device throws(VirtioInitializationError) in
            let sizes = BlockConfiguration(requestCountMax: 8, segmentCountMax: 4, queueSize: 16)
            let driver = try BlockDevice(
                registers: device, memory: device.memory.allocate(sizes.requirement), configuration: sizes)
            return driver.segmentCountMax >= 1
        }
        let console = successes(.console) { device throws(VirtioInitializationError) in
            let sizes = ConsoleConfiguration()
            let driver = try ConsoleDevice(
                registers: device, memory: device.memory.allocate(sizes.requirement), configuration: sizes)
            return driver.fault == nil
        }
        let entropy = successes(.entropy) { device throws(VirtioInitializationError) in
            let memory = device.memory.allocate(EntropyConfiguration.requirement)
            return try EntropyDevice(registers: device, memory: memory).fault == nil
        }
        for count in [network, block, console, entropy] {
            #expect(count > 15)
        }
    }
}
