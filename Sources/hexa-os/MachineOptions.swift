import ArgumentParser
import Launcher

/// What a virtual machine is made of, whoever starts it: the options that `run` and `serve` share.
struct MachineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Virtual processors (default: as many as the host lets us use).", valueName: "count"))
    var cpus: Int?

    @Option(help: ArgumentHelp("Memory of the machine (default: what the model needs).", valueName: "mib"))
    var memory: Int?

    @Option(help: "auto, kvm or tcg. TCG works everywhere and is slow.")
    var accel = Accelerator.Request.auto

    @Option(help: "What runs the machine: hexa, our own, which needs KVM (default where that works), or qemu.")
    var vmm: Monitor?

    @Option(help: ArgumentHelp("The kernel image (default: hexa-kernel.elf beside hexa-os).", valueName: "path"))
    var kernel: String?

    @Option(help: "How much the kernel logs: error, warn, info or debug.")
    var logLevel = LogLevel.info

    @Option(help: ArgumentHelp("How long the server may take to be ready (default: 30, with TCG 300).",
                               valueName: "seconds"))
    var bootTimeout: Int?

    func validate() throws {
        for (flag, value) in [("--cpus", cpus ?? 1), ("--memory", memory ?? 1), ("--boot-timeout", bootTimeout ?? 1)]
        where value < 1 {
            throw ValidationError("\(flag) must be at least 1")
        }
        if vmm == .hexa && accel == .tcg { throw ValidationError("--vmm hexa needs KVM: leave --accel tcg out") }
    }

    /// These options again, for a `hexa-os run` that is started with them.
    var arguments: [String] {
        let values: [(flag: String, value: String?)] = [
            ("--cpus", cpus.map { "\($0)" }), ("--memory", memory.map { "\($0)" }), ("--accel", accel.rawValue),
            ("--vmm", vmm?.rawValue), ("--kernel", kernel), ("--log-level", logLevel.rawValue),
            ("--boot-timeout", bootTimeout.map { "\($0)" }),
        ]
        return values.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
    }
}

extension Accelerator.Request: ExpressibleByArgument {}
extension Monitor: ExpressibleByArgument {}
extension LogLevel: ExpressibleByArgument {}
