import GuestInterface
import HostErrors
import JSON
import VMM

/// How our own monitor is called for a machine.
public struct HexaVMMCommand: Equatable, Sendable {
    public static let program = "hexa-vmm"

    public let description: MachineDescription

    public init(_ machine: MachineConfiguration) throws(UnusableValue) {
        var description = try Self.description(of: machine)
        description.forwarding = MachineDescription.Forwarding(
            listenerDescriptor: MonitorCommand.listenerDescriptor, guestPort: UInt32(ServerAddress.port))
        if machine.countsExits { description.metricsPath = "/dev/fd/\(MonitorCommand.metricsDescriptor)" }
        self.description = description
    }

    private static func description(of machine: MachineConfiguration) throws(UnusableValue) -> MachineDescription {
        if case .restored(let snapshot) = machine.snapshot {
            return snapshot.manifest.machine(restoredFrom: snapshot.directory)
        }
        var description = MachineDescription(
            kernelPath: machine.kernelPath, commandLine: try machine.kernelCommandLine(),
            processorCount: machine.processorCount,
            memoryMiB: machine.memoryMiB)
        if machine.isModelMapped {
            description.mappedFilePaths = [machine.modelPath]
        } else {
            description.diskPaths = [machine.modelPath]
        }
        if let law = machine.law { description.diskPaths.append(law.path) }
        description.vsockContext = ServerAddress.guestContext
        if case .saving(var saving) = machine.snapshot {
            saving.descriptor = MonitorCommand.memoryDescriptor
            description.saving = saving
        }
        return description
    }

    static var arguments: [String] { ["--config-file", "/dev/fd/\(MonitorCommand.configurationDescriptor)"] }

    /// For a monitor that does what it can for the machine saved in `directory` before it is told what to run.
    static func arguments(preparing directory: String) -> [String] { ["--prepare", directory] + arguments }

    /// What the child must be able to read there.
    public var configurationFile: String { String(decoding: description.json.serialized(), as: UTF8.self) }
}
