/// Each way in which bringing up a device can fail, in the order of the steps (VIRTIO 1.2, 3.1.1 and 4.2.3.1).
public enum VirtioInitializationError: Error, Equatable {
    /// The first register does not read "virt": nothing of ours is mapped there.
    case notVirtio(magic: UInt32)
    /// The device speaks the interface from before VIRTIO 1.0.
    case legacyDevice
    /// The device speaks an interface that is not known.
    case unsupportedVersion(UInt32)
    /// The transport has no device behind it; leave it alone (4.2.3.1.1).
    case noDevice
    /// The driver is for another kind of device.
    case unexpectedDevice(expected: DeviceID, found: DeviceID)
    /// The status did not become 0 after a reset.
    case resetTimeout(status: UInt32)
    /// The device does not offer what the driver cannot do without.
    case featuresMissing(required: Features, offered: Features)
    /// The device does not go along with the features that were chosen from its offer (3.1.1 step 6).
    case featuresRefused(accepted: Features, offered: Features)
    /// The configuration changed faster than it could be read.
    case configurationUnstable(offset: Int)
    /// A field of the configuration has a value that cannot be.
    case configurationInvalid(field: ConfigurationField, value: UInt64)
    /// The device does not have this queue.
    case queueMissing(queue: UInt16)
    /// The queue is in use although the device was reset.
    case queueBusy(queue: UInt16)
    /// The queue takes too few descriptors for the driver.
    case queueTooSmall(queue: UInt16, maximum: UInt32, needed: UInt16)
    /// The device did not take the queue into use.
    case queueRefused(queue: UInt16)
    /// The driver was given too little memory, or memory that is not aligned.
    case memoryUnfit(needed: DMARequirement, byteCount: Int, physicalAddress: UInt64)
    /// The device asked for a reset as soon as it was started (2.1.2).
    case deviceFailed(status: UInt32)
}

/// Fields of device configurations that are checked.
public enum ConfigurationField: Equatable, Sendable {
    case transmissionUnit
    case macAddress
    case capacity
    case blockSize
    case segmentBytesMax
    case segmentsMax
    case guestContext
    case regionStart
}

extension VirtioInitializationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notVirtio(let magic):
            "no virtio-mmio registers: the magic value reads \(hex(magic)); check the address in virtio_mmio.device="
        case .legacyDevice:
            "legacy virtio-mmio (version 1); start QEMU with -global virtio-mmio.force-legacy=false"
        case .unsupportedVersion(let version):
            "virtio-mmio version \(version); only version 2 is supported"
        case .noDevice:
            "the transport has no device behind it"
        case .unexpectedDevice(let expected, let found):
            "found a \(found) where a \(expected) was expected"
        case .resetTimeout(let status):
            "the device does not finish its reset, status \(hex(status))"
        case .featuresMissing(let required, let offered):
            "features \(required) are needed, the device offers \(offered)"
        case .featuresRefused(let accepted, let offered):
            "the device offers features \(offered) but refuses \(accepted)"
        case .configurationUnstable(let offset):
            "the configuration at \(offset) changes faster than it can be read"
        case .configurationInvalid(let field, let value):
            "the configuration says \(field.name) \(value)"
        case .queueMissing(let queue):
            "the device has no queue \(queue)"
        case .queueBusy(let queue):
            "queue \(queue) is in use after a reset"
        case .queueTooSmall(let queue, let maximum, let needed):
            "queue \(queue) takes \(maximum) descriptors, \(needed) are needed"
        case .queueRefused(let queue):
            "the device does not take queue \(queue) into use"
        case .memoryUnfit(let needed, let byteCount, let physicalAddress):
            "the driver needs \(needed.byteCount) bytes aligned to \(needed.alignment), "
                + "it was given \(byteCount) at \(hex(physicalAddress))"
        case .deviceFailed(let status):
            "the device asks for a reset at its start, status \(hex(status))"
        }
    }
}

extension ConfigurationField {
    /// As the specification spells it.
    var name: String {
        switch self {
        case .transmissionUnit: "mtu"
        case .macAddress: "mac"
        case .capacity: "capacity"
        case .blockSize: "blk_size"
        case .segmentBytesMax: "size_max"
        case .segmentsMax: "seg_max"
        case .guestContext: "guest_cid"
        case .regionStart: "start"
        }
    }
}

func hex<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) -> String {
    "0x" + String(value, radix: 16)
}
