@testable import Virtio

/// The register side of a virtio-mmio device (VIRTIO 1.2, 4.2.2) over `TestMemory`, with switches for each way in which
/// a device can go wrong. What it does with its queues is up to the test.
final class ModelDevice: RegisterSpace {
    var magic = MMIORegister.magic
    var version = MMIORegister.modernVersion
    var deviceID: DeviceID
    var offeredFeatures: Features
    var configuration: [UInt8]
    var queueSizes: [UInt32]

    var refusesFeatures = false
    var neverFinishesReset = false
    var refusesQueues = false
    var queueStaysReady = false
    var asksForReset = false
    /// The generation changes with each look at the configuration, this many times.
    var unstableReads = 0

    private(set) var status: UInt32 = 0
    private(set) var acceptedFeatures = Features()
    private(set) var notifications: [UInt16] = []
    private(set) var resetCount = 0
    /// Register writes in order, as offset and value.
    private(set) var writes: [(offset: Int, value: UInt32)] = []
    var interruptStatus: UInt32 = 0

    let memory: TestMemory
    private var queues: [Int: DeviceVirtqueue<ContiguousGuestMemory>] = [:]
    private var registers: [Int: UInt32] = [:]
    private var generation: UInt32 = 0

    init(
        _ deviceID: DeviceID, features: Features = .version1, configuration: [UInt8] = [],
        queueSizes: [UInt32] = [256, 256], memory: TestMemory = TestMemory(byteCount: 4 << 20)
    ) {
        self.deviceID = deviceID
        offeredFeatures = features
        self.configuration = configuration
        self.queueSizes = queueSizes
        self.memory = memory
    }

    /// Whether the driver has set the device going.
    var isRunning: Bool { DeviceStatus(rawValue: status).contains(.driverOK) }

    /// Lets the device side of a queue do something.
    func withQueue<Result>(
        _ index: Int, _ body: (inout DeviceVirtqueue<ContiguousGuestMemory>) throws -> Result
    ) throws -> Result {
        try body(&queues[index]!)
    }

    /// Takes all notifications seen since the last call.
    func takeNotifications() -> [UInt16] {
        defer { notifications = [] }
        return notifications
    }

    func read8(at offset: Int) -> UInt8 {
        configurationByte(offset - MMIORegister.configuration)
    }

    func read16(at offset: Int) -> UInt16 {
        UInt16(read8(at: offset)) | UInt16(read8(at: offset + 1)) << 8
    }

    func read32(at offset: Int) -> UInt32 {
        if offset >= MMIORegister.configuration {
            return UInt32(read16(at: offset)) | UInt32(read16(at: offset + 2)) << 16
        }
        switch offset {
        case MMIORegister.magicValue: return magic
        case MMIORegister.version: return version
        case MMIORegister.deviceID: return deviceID.rawValue
        case MMIORegister.deviceFeatures:
            let shift = select(MMIORegister.deviceFeaturesSelect) * 32
            return UInt32(truncatingIfNeeded: offeredFeatures.rawValue >> shift)
        case MMIORegister.queueSizeMax:
            return selectedQueue < queueSizes.count ? queueSizes[selectedQueue] : 0
        case MMIORegister.queueReady:
            return queues[selectedQueue] != nil || queueStaysReady ? 1 : 0
        case MMIORegister.interruptStatus: return interruptStatus
        case MMIORegister.status: return status
        case MMIORegister.configurationGeneration: return generation
        default: return 0
        }
    }

    func write32(_ value: UInt32, at offset: Int) {
        writes.append((offset, value))
        registers[offset] = value
        switch offset {
        case MMIORegister.driverFeatures:
            let shift = select(MMIORegister.driverFeaturesSelect) * 32
            let mask = UInt64(UInt32.max) << shift
            acceptedFeatures = Features(rawValue: acceptedFeatures.rawValue & ~mask | UInt64(value) << shift)
        case MMIORegister.queueReady where value == 1: openQueue()
        case MMIORegister.queueNotify: notifications.append(UInt16(value))
        case MMIORegister.interruptAcknowledge: interruptStatus &= ~value
        case MMIORegister.status: setStatus(value)
        default: break
        }
    }

    private var selectedQueue: Int { Int(registers[MMIORegister.queueSelect] ?? 0) }

    private func select(_ offset: Int) -> UInt64 { UInt64(registers[offset] ?? 0) }

    private func address(_ low: Int) -> UInt64 {
        UInt64(registers[low + 4] ?? 0) << 32 | UInt64(registers[low] ?? 0)
    }

    private func configurationByte(_ offset: Int) -> UInt8 {
        if unstableReads > 0 {
            unstableReads -= 1
            generation += 1
        }
        return offset < configuration.count ? configuration[offset] : 0
    }

    private func openQueue() {
        guard !refusesQueues else { return }
        queues[selectedQueue] = try? DeviceVirtqueue(
            memory: memory.guest, size: UInt16(registers[MMIORegister.queueSize] ?? 0),
            addresses: VirtqueueAddresses(
                descriptorTable: address(MMIORegister.queueDescriptorLow),
                availableRing: address(MMIORegister.queueDriverLow), usedRing: address(MMIORegister.queueDeviceLow)),
            features: acceptedFeatures)
    }

    private func setStatus(_ value: UInt32) {
        if value == 0 {
            resetCount += 1
            queues = [:]
            status = neverFinishesReset ? max(status, 1) : 0
            return
        }
        status = value
        if refusesFeatures {
            status &= ~DeviceStatus.featuresOK.rawValue
        }
        if asksForReset, isRunning {
            status |= DeviceStatus.deviceNeedsReset.rawValue
        }
    }
}
