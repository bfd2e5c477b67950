/// The driver of an entropy device (VIRTIO 1.2, 5.4): one request at a time, polled for.
public final class EntropyDevice<Registers: RegisterSpace>: DeviceDriver<Registers> {
    private var queue: Virtqueue
    private let buffer: DMARegion
    /// Whether a request is on its way.
    public private(set) var isRequestPending = false

    /// Brings the device up.
    ///
    /// - Parameters:
    ///   - registers: a device that `MMIOTransport.probe` recognised.
    ///   - memory: at least `EntropyConfiguration.requirement`; the driver's until `shutDown` has returned.
    public init(registers: Registers, memory: DMARegion) throws(VirtioInitializationError) {
        let transport = try MMIOTransport(registers: registers)
        try transport.expect(.entropy)
        var memory = try transport.carver(memory, requirement: EntropyConfiguration.requirement)
        let features = try transport.negotiate(optional: .eventIndex)
        queue = try transport.makeQueue(
            0, layout: EntropyConfiguration.layout, needed: 1, memory: &memory, features: features)
        buffer = memory.carve(byteCount: VirtioLimits.entropyRequestBytesMax)
        buffer.clear()
        super.init(transport)
        try transport.start()
    }

    /// Asks for entropy. Does nothing while a request is pending.
    ///
    /// - Parameter byteCount: at least 1; more than `VirtioLimits.entropyRequestBytesMax` asks for as many as that.
    public func request(byteCount: Int) throws(DeviceFault) {
        try check()
        guard !isRequestPending else { return }
        precondition(byteCount > 0)
        let length = min(byteCount, VirtioLimits.entropyRequestBytesMax)
        do {
            try queue.submit(writable: buffer.segment(at: 0, byteCount: length), token: 0)
        } catch {
            preconditionFailure("no descriptor for the only request")
        }
        isRequestPending = true
        publish(&queue, index: 0)
    }

    /// Takes the entropy that has arrived; what was taken is wiped from shared memory.
    ///
    /// - Parameter destination: filled from its start; bytes for which there is no room are thrown away.
    /// - Returns: the number of bytes, or nil when nothing has arrived yet. The device may give fewer than were asked
    ///   for, but never none.
    public func collect(into destination: inout MutableSpan<UInt8>) throws(DeviceFault) -> Int? {
        guard let completion = try nextCompletion(of: &queue, index: 0) else { return nil }
        isRequestPending = false
        guard completion.writtenByteCount > 0 else { throw fail(.noEntropy) }
        let count = min(Int(completion.writtenByteCount), destination.count)
        for index in 0..<count {
            destination[index] = buffer.loadOnce8(at: index)
        }
        buffer.clear()
        return count
    }

    /// Asks for an interrupt with the answer.
    ///
    /// - Returns: true when the answer is there already, or the device has failed.
    public func armInterrupts() -> Bool {
        fault != nil || queue.armInterrupts()
    }
}

/// Sizes of the entropy driver.
public enum EntropyConfiguration {
    static var layout: VirtqueueLayout { VirtqueueLayout(size: 1) }

    /// The memory the driver must be given.
    public static var requirement: DMARequirement {
        MemoryCarver.requirement(for: [layout.requirement.byteCount, VirtioLimits.entropyRequestBytesMax])
    }
}
