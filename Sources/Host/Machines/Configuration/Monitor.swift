import HostErrors

/// The program that runs a virtual machine.
public enum Monitor: String, CaseIterable, Sendable {
    /// QEMU: a user network in front of the guest's TCP stack, the model on a disk. Works without KVM.
    case qemu
    /// Ours: streams straight into the guest's server, the model mapped where it is used. Needs KVM.
    case hexa
    /// Firecracker: as ours, from the same configuration file. Needs KVM.
    case firecracker

    /// What is taken when nobody chose.
    public static func `default`(for accelerator: Accelerator) -> Monitor {
        switch accelerator {
        case .kvm: .hexa
        case .tcg: .qemu
        }
    }
}

/// How a monitor is started for a machine, whichever it is: as a child whose standard input and output are the guest's
/// console, and which ends with QEMU's isa-debug-exit status.
struct MonitorCommand {
    let arguments: [String]
    /// What the child reads on `configurationDescriptor`. It may hold an API key, which arguments must not.
    let configurationFile: String
    /// Whether the child takes over a listening socket, on `listenerDescriptor`.
    let wantsListener: Bool

    static let configurationDescriptor: Int32 = 3
    static let listenerDescriptor: Int32 = 4
    /// Where our own monitor writes what the machine asked of the host, if that is wanted.
    static let metricsDescriptor: Int32 = 5
    /// Where it writes the memory of a machine that is saved.
    static let memoryDescriptor: Int32 = 6

    /// - Parameter socketPath: where Firecracker makes the guest's Unix socket; it alone needs one.
    init(_ machine: MachineConfiguration, socketPath: String = "") throws(UnusableValue) {
        switch machine.monitor {
        case .qemu:
            let command = try QEMUCommand(machine)
            arguments = command.arguments
            configurationFile = command.configurationFile
            wantsListener = false
        case .hexa:
            let command = try HexaVMMCommand(machine)
            arguments = HexaVMMCommand.arguments
            configurationFile = command.configurationFile
            wantsListener = true
        case .firecracker:
            let command = try FirecrackerCommand(machine, socketPath: socketPath)
            arguments = command.arguments
            configurationFile = command.configurationFile
            wantsListener = false
        }
    }
}
