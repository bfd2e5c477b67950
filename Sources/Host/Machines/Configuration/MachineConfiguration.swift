import GuestInterface
import LawFiles
import VMM

/// Everything that defines one virtual machine: plain values, checked before the boot and turned into what a monitor
/// takes by `MonitorCommand`.
public struct MachineConfiguration: Equatable, Sendable {
    public var kernelPath: String
    public var modelPath: String
    /// The model file's exact length: a block device shows it rounded up to whole sectors.
    public var modelByteCount: Int
    /// Whether the kernel can use the file where it is mapped.
    public var isModelPacked = false
    /// What clients call the model.
    public var modelName: String
    public var processorCount: Int
    public var memoryMiB: Int
    public var accelerator: Accelerator
    public var monitor: Monitor
    /// The port of the host's 127.0.0.1 that reaches the server.
    public var hostPort: UInt16
    public var apiKey: String?
    /// The law; without one everybody who may ask at all may use the model.
    public var law: LawFile?
    /// Signs the heads of the growth bus.
    public var auditKey: String?
    public var logLevel: LogLevel
    /// Tokens one sequence can hold; nil for the kernel's own choice.
    public var contextLength: Int?
    /// Sequences that have a KV cache at the same time; nil for the kernel's own choice.
    public var sequenceCount: Int?
    /// Milliseconds to the first token, and between tokens, that are promised to whoever is served; nil for no promise.
    public var timeToFirstTokenMilliseconds: Int?
    public var timeBetweenTokensMilliseconds: Int?
    /// Whether our own monitor tells at the end what the machine asked of the host.
    public var countsExits = false
    /// What the machine has to do with a snapshot; only our own monitor makes and takes them.
    public var snapshot: SnapshotUse?

    /// How a machine begins or ends as a snapshot.
    public enum SnapshotUse: Equatable, Sendable {
        /// It can be saved; the descriptor is one of this process.
        case saving(MachineDescription.Saving)
        /// It is made of one.
        case restored(Snapshot)
    }

    /// Wall-clock seconds since 1970 at the start: the machine has no clock chip.
    public var startTimeUnixSeconds: UInt64

    public init(
        kernelPath: String, modelPath: String, modelByteCount: Int, modelName: String, processorCount: Int,
        memoryMiB: Int, accelerator: Accelerator, monitor: Monitor = .qemu, hostPort: UInt16, apiKey: String? = nil,
        law: LawFile? = nil, auditKey: String? = nil, logLevel: LogLevel = .info, contextLength: Int? = nil,
        sequenceCount: Int? = nil,
        startTimeUnixSeconds: UInt64
    ) {
        self.kernelPath = kernelPath
        self.modelPath = modelPath
        self.modelByteCount = modelByteCount
        self.modelName = modelName
        self.processorCount = processorCount
        self.memoryMiB = memoryMiB
        self.accelerator = accelerator
        self.monitor = monitor
        self.hostPort = hostPort
        self.apiKey = apiKey
        self.law = law
        self.auditKey = auditKey
        self.logLevel = logLevel
        self.contextLength = contextLength
        self.sequenceCount = sequenceCount
        self.startTimeUnixSeconds = startTimeUnixSeconds
    }

    /// A machine made of a snapshot: what it is made of is settled there.
    public init(restoring snapshot: Snapshot, hostPort: UInt16, apiKey: String?) {
        let manifest = snapshot.manifest
        self.init(
            kernelPath: "", modelPath: "", modelByteCount: 0, modelName: manifest.modelName,
            processorCount: manifest.processorCount, memoryMiB: manifest.memoryMiB, accelerator: .kvm, monitor: .hexa,
            hostPort: hostPort, apiKey: apiKey, startTimeUnixSeconds: 0)
        self.snapshot = .restored(snapshot)
    }

    /// Whether the model is mapped into the machine's memory. Otherwise it is a disk: what is read only once, to be
    /// repacked, is read faster than it is mapped.
    var isModelMapped: Bool { monitor != .qemu && isModelPacked }
}

/// What runs the guest's instructions.
public enum Accelerator: String, CaseIterable, Sendable {
    /// The processor itself, through Linux KVM.
    case kvm
    /// QEMU's translator: works everywhere, tens of times slower.
    case tcg
}
