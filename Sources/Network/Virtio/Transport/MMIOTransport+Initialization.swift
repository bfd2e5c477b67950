extension MMIOTransport {
    /// Checks that this is the device a driver is for.
    public func expect(_ expected: DeviceID) throws(VirtioInitializationError) {
        guard deviceID == expected else {
            throw giveUp(.unexpectedDevice(expected: expected, found: deviceID))
        }
    }

    /// Settles the features (VIRTIO 1.2, 3.1.1, steps 4 to 6).
    ///
    /// - Parameters:
    ///   - required: what the driver cannot do without, besides `.version1` which is always required.
    ///   - optional: what the driver makes use of when it is offered.
    /// - Returns: what was accepted: `required`, and the offered part of `optional`.
    public func negotiate(
        required: Features = [], optional: Features
    ) throws(VirtioInitializationError) -> Features {
        let required = required.union(.version1)
        guard offeredFeatures.isSuperset(of: required) else {
            throw giveUp(.featuresMissing(required: required, offered: offeredFeatures))
        }
        let accepted = required.union(optional.intersection(offeredFeatures))
        registers.write32(0, at: MMIORegister.driverFeaturesSelect)
        registers.write32(UInt32(truncatingIfNeeded: accepted.rawValue), at: MMIORegister.driverFeatures)
        registers.write32(1, at: MMIORegister.driverFeaturesSelect)
        registers.write32(UInt32(truncatingIfNeeded: accepted.rawValue >> 32), at: MMIORegister.driverFeatures)

        let status: DeviceStatus = [.acknowledge, .driver, .featuresOK]
        registers.write32(status.rawValue, at: MMIORegister.status)
        let answer = DeviceStatus(rawValue: registers.read32(at: MMIORegister.status))
        guard answer.contains(.featuresOK) else {
            throw giveUp(.featuresRefused(accepted: accepted, offered: offeredFeatures))
        }
        return accepted
    }

    /// The number of descriptors to give a queue: `preferred`, or less if the device takes less. A power of two.
    ///
    /// - Parameters:
    ///   - queue: index of the queue.
    ///   - preferred: a power of two.
    ///   - needed: the least the driver can work with.
    public func queueSize(
        of queue: UInt16, preferred: UInt16, needed: UInt16 = 1
    ) throws(VirtioInitializationError) -> UInt16 {
        precondition(preferred.nonzeroBitCount == 1 && preferred <= VirtioLimits.queueSizeMax && needed <= preferred)
        registers.write32(UInt32(queue), at: MMIORegister.queueSelect)
        guard registers.read32(at: MMIORegister.queueReady) == 0 else { throw giveUp(.queueBusy(queue: queue)) }
        let maximum = registers.read32(at: MMIORegister.queueSizeMax)
        guard maximum > 0 else { throw giveUp(.queueMissing(queue: queue)) }
        var size = preferred
        while UInt32(size) > maximum {
            size >>= 1
        }
        guard size >= needed else {
            throw giveUp(.queueTooSmall(queue: queue, maximum: maximum, needed: needed))
        }
        return size
    }

    /// Hands a queue over to the device (4.2.3.2).
    ///
    /// - Parameters:
    ///   - queue: its index.
    ///   - size: descriptors, as `queueSize` said.
    ///   - addresses: where the device finds it, `Virtqueue.addresses`.
    public func enableQueue(
        _ queue: UInt16, size: UInt16, addresses: VirtqueueAddresses
    ) throws(VirtioInitializationError) {
        registers.write32(UInt32(queue), at: MMIORegister.queueSelect)
        registers.write32(UInt32(size), at: MMIORegister.queueSize)
        write64(addresses.descriptorTable, low: MMIORegister.queueDescriptorLow, high: MMIORegister.queueDescriptorHigh)
        write64(addresses.availableRing, low: MMIORegister.queueDriverLow, high: MMIORegister.queueDriverHigh)
        write64(addresses.usedRing, low: MMIORegister.queueDeviceLow, high: MMIORegister.queueDeviceHigh)
        registers.write32(1, at: MMIORegister.queueReady)
        guard registers.read32(at: MMIORegister.queueReady) == 1 else { throw giveUp(.queueRefused(queue: queue)) }
    }

    /// Sets the device going (3.1.1, step 8).
    public func start() throws(VirtioInitializationError) {
        let status: DeviceStatus = [.acknowledge, .driver, .featuresOK, .driverOK]
        registers.write32(status.rawValue, at: MMIORegister.status)
        let answer = registers.read32(at: MMIORegister.status)
        guard !DeviceStatus(rawValue: answer).contains(.deviceNeedsReset) else {
            throw giveUp(.deviceFailed(status: answer))
        }
    }

    /// Sets FAILED: the driver has given up (3.1.1); hands the reason on.
    ///
    /// It is reset first, so that it lets go of the memory of queues it already has.
    func giveUp(_ error: VirtioInitializationError) -> VirtioInitializationError {
        do {
            try reset()
        } catch {
            return error
        }
        registers.write32(DeviceStatus.failed.rawValue, at: MMIORegister.status)
        return error
    }

    private func write64(_ value: UInt64, low: Int, high: Int) {
        registers.write32(UInt32(truncatingIfNeeded: value), at: low)
        registers.write32(UInt32(truncatingIfNeeded: value >> 32), at: high)
    }
}
