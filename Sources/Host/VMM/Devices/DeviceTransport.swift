import Virtio

/// The registers of one virtio-mmio device (VIRTIO 1.2, 4.2.2), version 2, in front of its model. It believes nothing:
/// any sequence of reads and writes leaves it in a state of its own, and a broken rule makes the device ask for a
/// reset.
///
/// Not for several threads at once; the machine's lock sees to that.
final class DeviceTransport {
    let model: any DeviceModel
    private var queues: DeviceQueues

    private var status: DeviceStatus = []
    private var interruptStatus: InterruptStatus = []
    private var selectedFeatureWord: UInt32 = 0
    private var selectedDriverWord: UInt32 = 0
    private var acceptedFeatures: Features = []
    private var selectedQueue = 0
    private var drafts: [QueueDraft]
    /// Raises the device's interrupt line.
    private let raiseLine: () -> Void
    /// Why the device asks for a reset, for the operator's log.
    private(set) var fault: DeviceVirtqueueFault?

    /// A queue as the driver has described it so far.
    private struct QueueDraft {
        var size: UInt32 = 0
        var addresses = VirtqueueAddresses(descriptorTable: 0, availableRing: 0, usedRing: 0)
        var isReady = false
    }

    private let memory: MachineMemory

    init(_ model: any DeviceModel, memory: MachineMemory, raiseLine: @escaping () -> Void) {
        self.model = model
        self.memory = memory
        self.raiseLine = raiseLine
        queues = DeviceQueues(count: model.queueSizes.count)
        drafts = Array(repeating: QueueDraft(), count: model.queueSizes.count)
    }

    /// Whether the driver has set the device going, and it has not failed since.
    var isRunning: Bool { status.contains(.driverOK) && !status.contains(.deviceNeedsReset) }

    /// Lets the model work. Called when the driver notifies a queue and when something outside happens.
    ///
    /// - Returns: whether there is more to do at once.
    func serve() -> Bool {
        guard isRunning else { return false }
        var hasMore = false
        do {
            hasMore = try model.serve(&queues)
        } catch {
            fault = error
            status.insert(.deviceNeedsReset)
            raise(.configurationChange)
        }
        if queues.publish() { raise(.usedBuffer) }
        return hasMore
    }

    private func raise(_ cause: InterruptStatus) {
        interruptStatus.insert(cause)
        raiseLine()
    }

    private var offeredFeatures: Features {
        model.features.union([.version1, .eventIndex, .indirectDescriptors])
    }
}

// MARK: - Reads

extension DeviceTransport {
    /// What the guest reads at `offset`; bytes beyond a register's own are zeros.
    func read(at offset: Int, into bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices { bytes[index] = 0 }
        if offset >= MMIORegister.configuration {
            let configuration = model.configuration
            for index in bytes.indices {
                let position = offset - MMIORegister.configuration + index
                if position < configuration.count { bytes[index] = configuration[position] }
            }
            return
        }
        // Registers are 32 bits wide and are accessed as such (4.2.2.2).
        guard bytes.count == 4, offset % 4 == 0 else { return }
        bytes.storeBytes(of: register(offset).littleEndian, as: UInt32.self)
    }

    private func register(_ offset: Int) -> UInt32 {
        switch offset {
        case MMIORegister.magicValue: return MMIORegister.magic
        case MMIORegister.version: return MMIORegister.modernVersion
        case MMIORegister.deviceID: return model.id.rawValue
        case MMIORegister.vendorID: return Self.vendor
        case MMIORegister.deviceFeatures:
            guard selectedFeatureWord < 2 else { return 0 }
            return UInt32(truncatingIfNeeded: offeredFeatures.rawValue >> (32 * UInt64(selectedFeatureWord)))
        case MMIORegister.queueSizeMax:
            return drafts.indices.contains(selectedQueue) ? UInt32(model.queueSizes[selectedQueue]) : 0
        case MMIORegister.queueReady:
            return drafts.indices.contains(selectedQueue) && drafts[selectedQueue].isReady ? 1 : 0
        case MMIORegister.interruptStatus: return interruptStatus.rawValue
        case MMIORegister.status: return status.rawValue
        // The configuration never changes.
        default: return 0
        }
    }

    /// "HEXA".
    private static var vendor: UInt32 { 0x4158_4548 }
}

// MARK: - Writes

extension DeviceTransport {
    /// Takes what the guest writes at `offset`.
    ///
    /// - Returns: whether it was a notification: `serve` is due.
    func write(at offset: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == 4, offset % 4 == 0, offset < MMIORegister.configuration else { return false }
        let value = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        switch offset {
        case MMIORegister.deviceFeaturesSelect: selectedFeatureWord = value
        case MMIORegister.driverFeaturesSelect: selectedDriverWord = value
        case MMIORegister.driverFeatures: acceptFeatures(value)
        case MMIORegister.queueSelect: selectedQueue = Int(value)
        case MMIORegister.queueNotify: return true
        case MMIORegister.interruptAcknowledge:
            interruptStatus.subtract(InterruptStatus(rawValue: value))
        case MMIORegister.status: setStatus(DeviceStatus(rawValue: value))
        default: describeQueue(offset, value)
        }
        return false
    }

    private func acceptFeatures(_ word: UInt32) {
        guard selectedDriverWord < 2, !status.contains(.featuresOK) else { return }
        let shift = 32 * UInt64(selectedDriverWord)
        let others = acceptedFeatures.rawValue & ~(UInt64(UInt32.max) << shift)
        acceptedFeatures = Features(rawValue: others | UInt64(word) << shift)
    }

    private func setStatus(_ wanted: DeviceStatus) {
        guard !wanted.isEmpty else { return reset() }
        var wanted = wanted
        // 3.1.1: a driver reads the bit back to learn whether its choice is acceptable.
        if wanted.contains(.featuresOK), !status.contains(.featuresOK),
            !acceptedFeatures.contains(.version1) || !offeredFeatures.isSuperset(of: acceptedFeatures)
        {
            wanted.remove(.featuresOK)
        }
        // Bits are only ever added, and only the device itself asks for a reset (2.1.1, 2.1.2).
        wanted.remove(.deviceNeedsReset)
        status.formUnion(wanted)
    }

    private func reset() {
        status = []
        interruptStatus = []
        acceptedFeatures = []
        (selectedFeatureWord, selectedDriverWord, selectedQueue) = (0, 0, 0)
        fault = nil
        for index in drafts.indices {
            drafts[index] = QueueDraft()
            queues.set(index, to: nil)
        }
        model.reset()
    }

    private func describeQueue(_ offset: Int, _ value: UInt32) {
        guard drafts.indices.contains(selectedQueue) else { return }
        if offset == MMIORegister.queueReady { return setReady(selectedQueue, value == 1) }
        // 4.2.2.2: a queue in use is not described anew.
        guard !drafts[selectedQueue].isReady else { return }
        func set(_ field: WritableKeyPath<VirtqueueAddresses, UInt64>, high: Bool) {
            let old = drafts[selectedQueue].addresses[keyPath: field]
            drafts[selectedQueue].addresses[keyPath: field] =
                high ? old & 0xffff_ffff | UInt64(value) << 32 : old & ~0xffff_ffff | UInt64(value)
        }
        switch offset {
        case MMIORegister.queueSize: drafts[selectedQueue].size = value
        case MMIORegister.queueDescriptorLow: set(\.descriptorTable, high: false)
        case MMIORegister.queueDescriptorHigh: set(\.descriptorTable, high: true)
        case MMIORegister.queueDriverLow: set(\.availableRing, high: false)
        case MMIORegister.queueDriverHigh: set(\.availableRing, high: true)
        case MMIORegister.queueDeviceLow: set(\.usedRing, high: false)
        case MMIORegister.queueDeviceHigh: set(\.usedRing, high: true)
        default: break
        }
    }

    private func setReady(_ index: Int, _ isWanted: Bool) {
        guard isWanted != drafts[index].isReady else { return }
        guard isWanted else {
            drafts[index].isReady = false
            return queues.set(index, to: nil)
        }
        // A queue that cannot be stays unready, which the driver reads back.
        guard status.contains(.featuresOK), drafts[index].size <= UInt32(model.queueSizes[index]),
            let queue = try? DeviceVirtqueue(
                memory: memory, size: UInt16(drafts[index].size), addresses: drafts[index].addresses,
                features: acceptedFeatures)
        else { return }
        queues.set(index, to: queue)
        drafts[index].isReady = true
    }
}
