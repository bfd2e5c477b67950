/// Everything that defines a machine.
public struct MachineDescription: Equatable, Sendable {
    /// Where the machine's first instruction comes from.
    public enum Start: Equatable, Sendable {
        /// A kernel's image; the devices are added to its command line.
        case kernel(path: String, commandLine: String)
        /// The memory of a machine that was saved.
        case snapshot(directory: String)
    }

    /// What becomes of the memory of a machine that asks for it to be kept.
    public struct Saving: Equatable, Sendable {
        /// Open for writing in this process: a file that is as long as the memory, and empty.
        public var descriptor: Int32
        public var id: SnapshotID

        public init(descriptor: Int32, id: SnapshotID) {
            self.descriptor = descriptor
            self.id = id
        }
    }

    public var start: Start
    /// A machine without it cannot be saved.
    public var saving: Saving?
    public var processorCount: Int
    public var memoryMiB: Int
    /// Files that become read-only disks, in order.
    public var diskPaths: [String] = []
    /// Files that are mapped into the guest's memory, read-only, in order.
    public var mappedFilePaths: [String] = []
    /// Tap interfaces of the host that become network devices, in order.
    public var networkInterfaces: [NetworkInterface] = []
    /// The guest's vsock context, above 2; a machine without one has no socket device.
    public var vsockContext: UInt64?
    public var forwarding: Forwarding?
    /// Where clients of the host reach any vsock port of the guest, in Firecracker's protocol: a Unix socket that the
    /// machine makes.
    public var vsockSocketPath: String?
    /// Where a line of JSON goes when the machine has ended: what its processors asked of the host.
    public var metricsPath: String?

    /// A network device and the tap interface behind it.
    public struct NetworkInterface: Equatable, Sendable {
        public var hostName: String
        /// The guest's hardware address, six bytes; without one the guest chooses.
        public var macAddress: [UInt8]?

        public init(hostName: String, macAddress: [UInt8]? = nil) {
            self.hostName = hostName
            self.macAddress = macAddress
        }
    }

    /// A listening socket of the host whose connections reach a vsock port of the guest.
    public struct Forwarding: Equatable, Sendable {
        /// Open in this process when the machine is made, which takes it over.
        public var listenerDescriptor: Int32
        public var guestPort: UInt32

        public init(listenerDescriptor: Int32, guestPort: UInt32) {
            self.listenerDescriptor = listenerDescriptor
            self.guestPort = guestPort
        }
    }

    public init(start: Start, processorCount: Int, memoryMiB: Int) {
        self.start = start
        self.processorCount = processorCount
        self.memoryMiB = memoryMiB
    }

    public init(kernelPath: String, commandLine: String, processorCount: Int = 1, memoryMiB: Int) {
        self.init(
            start: .kernel(path: kernelPath, commandLine: commandLine), processorCount: processorCount,
            memoryMiB: memoryMiB)
    }
}
