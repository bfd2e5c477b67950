/// The driver of a persistent memory device (VIRTIO 1.2, 5.19) that is only read: it says where the memory is. Nothing
/// is ever flushed, so its queue is set up and never used.
public final class PersistentMemoryDevice<Registers: RegisterSpace>: DeviceDriver<Registers> {
    /// Physical addresses that the device's content is found at; not empty, and without overflow. Whether anything else
    /// lies there is for the owner of the address space to check.
    public let range: Range<UInt64>

    /// Brings the device up.
    ///
    /// - Parameters:
    ///   - registers: a device that `MMIOTransport.probe` recognised.
    ///   - memory: at least `requirement`; the driver's until `shutDown` has returned.
    public init(registers: Registers, memory: DMARegion) throws(VirtioInitializationError) {
        let transport = try MMIOTransport(registers: registers)
        try transport.expect(.persistentMemory)
        var memory = try transport.carver(memory, requirement: Self.requirement)
        let features = try transport.negotiate(optional: [])
        range = try Self.readRange(transport)
        _ = try transport.makeQueue(0, layout: Self.layout, needed: 1, memory: &memory, features: features)
        super.init(transport)
        try transport.start()
    }

    private static var layout: VirtqueueLayout { VirtqueueLayout(size: 1) }

    /// The memory the driver must be given.
    public static var requirement: DMARequirement { layout.requirement }

    private static func readRange(
        _ transport: MMIOTransport<Registers>
    ) throws(VirtioInitializationError) -> Range<UInt64> {
        let start = try transport.configuration64(at: PersistentMemoryConfigurationLayout.start)
        let size = try transport.configuration64(at: PersistentMemoryConfigurationLayout.size)
        let (end, overflow) = start.addingReportingOverflow(size)
        guard size > 0 else { throw transport.giveUp(.configurationInvalid(field: .capacity, value: size)) }
        guard !overflow else { throw transport.giveUp(.configurationInvalid(field: .regionStart, value: start)) }
        return start..<end
    }
}
