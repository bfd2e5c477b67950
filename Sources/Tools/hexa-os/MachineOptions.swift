import ArgumentParser
import GuestInterface
import Machines

/// What a virtual machine is made of, whoever starts it: the options that `run` and `serve` share.
struct MachineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Virtual processors (default: as many as the host lets us use).", valueName: "count"))
    var cpus: Int?

    @Option(help: ArgumentHelp("Memory of the machine (default: what the model needs).", valueName: "mib"))
    var memory: Int?

    @Option(help: "auto, kvm or tcg. TCG works everywhere and is slow.")
    var accel = Accelerator.Request.auto

    @Option(help: "What runs it: hexa, our own (default where KVM works), firecracker, or qemu, also without KVM.")
    var vmm: Monitor?

    @Option(help: ArgumentHelp("Firecracker's program (default: the one on PATH).", valueName: "path"))
    var firecrackerBinary: String?

    @Option(help: ArgumentHelp("The kernel image (default: hexa-kernel.elf beside hexa-os).", valueName: "path"))
    var kernel: String?

    @Option(help: "How much the kernel logs: error, warn, info or debug.")
    var logLevel = LogLevel.info

    @Option(
        help: ArgumentHelp(
            "How long the server may take to be ready (default: 30, with TCG 300).",
            valueName: "seconds"))
    var bootTimeout: Int?

    func validate() throws {
        for (flag, value) in [("--cpus", cpus ?? 1), ("--memory", memory ?? 1), ("--boot-timeout", bootTimeout ?? 1)]
        where value < 1 {
            throw ValidationError("\(flag) must be at least 1")
        }
        if let vmm, vmm != .qemu, accel == .tcg {
            throw ValidationError("--vmm \(vmm.rawValue) needs KVM: leave --accel tcg out")
        }
        if firecrackerBinary != nil && vmm != .firecracker {
            throw ValidationError("--firecracker-binary needs --vmm firecracker")
        }
    }

    /// The first of them that says how a machine is made, as it was given; nil where none was.
    var firstGiven: String? {
        let given: [(flag: String, isGiven: Bool)] = [
            ("--cpus", cpus != nil), ("--memory", memory != nil), ("--accel", accel == .tcg),
            ("--vmm", (vmm ?? .hexa) != .hexa), ("--kernel", kernel != nil), ("--log-level", logLevel != .info),
        ]
        return given.first { $0.isGiven }?.flag
    }

    /// These options again, for a `hexa-os run` that is started with them.
    var arguments: [String] {
        let values: [(flag: String, value: String?)] = [
            ("--cpus", cpus.map { "\($0)" }), ("--memory", memory.map { "\($0)" }), ("--accel", accel.rawValue),
            ("--vmm", vmm?.rawValue), ("--firecracker-binary", firecrackerBinary),
            ("--kernel", kernel), ("--log-level", logLevel.defaultValueDescription),
            ("--boot-timeout", bootTimeout.map { "\($0)" }),
        ]
        return values.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
    }
}

extension Accelerator.Request: ExpressibleByArgument {}
extension Monitor: ExpressibleByArgument {}

extension LogLevel: ExpressibleByArgument {
    public init?(argument: String) { self.init(name: Array(argument.utf8)) }

    public var defaultValueDescription: String { "\(name)" }

    public static var allValueStrings: [String] { allCases.map(\.defaultValueDescription) }
}
