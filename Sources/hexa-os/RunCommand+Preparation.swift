import Glibc
import LaneThreads
import Launcher
import Model
import Reporting

extension RunCommand {
    /// What the checks before the boot have settled.
    struct Plan {
        let machine: MachineConfiguration
        let monitorPath: String
    }

    /// Checks everything that can be checked without booting, the quickest first.
    func prepare() throws(LaunchError) -> Plan {
        let file = try ModelFile(path: model)
        let configuration = try file.check(.quick)
        let kernelPath = try Preflight.readableFile(options.kernel ?? Self.besideProgram("hexa-kernel.elf"),
                                                    hint: "'make build' makes it, --kernel names another")
        try Preflight.freePort(port)
        let lawFile = try serving.law.map { path throws(LaunchError) in try LawFile(path: path) }
        let choice = try Accelerator.choose(options.vmm == .hexa ? .kvm : options.accel)
        if let reason = choice.fallbackReason {
            Terminal.warn("KVM cannot be used (\(reason)): falling back to TCG, which is slow")
        }
        let monitor = printCommand ? .qemu : options.vmm ?? Monitor.default(for: choice.accelerator)
        let monitorPath = try Self.path(of: monitor)
        let memoryMiB = try memoryFor(configuration, file, monitor)
        var machine = MachineConfiguration(
            kernelPath: kernelPath, modelPath: file.path, modelByteCount: file.byteCount,
            modelName: serving.name ?? file.defaultName,
            processorCount: options.cpus ?? HostProcessors.participantCountDefault, memoryMiB: memoryMiB,
            accelerator: choice.accelerator, monitor: monitor, hostPort: port,
            apiKey: serving.apiKey ?? HostEnvironment.apiKey, law: lawFile, auditKey: HostEnvironment.auditKey,
            logLevel: options.logLevel, contextLength: serving.context, sequenceCount: serving.sequences,
            startTimeUnixSeconds: HostClock.unixSeconds)
        machine.isModelPacked = file.container.format == .hxm
        machine.timeToFirstTokenMilliseconds = serving.slaTtftMs
        machine.timeBetweenTokensMilliseconds = serving.slaItlMs
        return Plan(machine: machine, monitorPath: monitorPath)
    }

    private func memoryFor(
        _ configuration: ModelConfiguration, _ file: ModelFile, _ monitor: Monitor
    ) throws(LaunchError) -> Int {
        // Our own monitor maps a packed file beside the machine's memory.
        let isMapped = monitor == .hexa && file.container.format == .hxm
        let estimate = MemoryEstimate(configuration, fileByteCount: isMapped ? 0 : file.byteCount,
                                      contextLength: serving.context, sequenceCount: serving.sequences,
                                      holdsPrograms: serving.law != nil)
        let least = estimate.mebibyteCountMin
        let leastMachine = MachineConfiguration.memoryMiB(toHold: least)
        if let memory = options.memory, memory < leastMachine {
            throw .memoryTooSmall(requestedMiB: memory, neededMiB: leastMachine)
        }
        let available = Preflight.availableMemoryMiB() ?? .max
        guard available >= least else { throw .hostMemoryTooSmall(neededMiB: least, availableMiB: available) }
        // With less than it could use the kernel serves fewer sequences at once, and says so.
        // Not beyond what is there, though much of a large machine is never touched: Linux may refuse to promise it.
        return options.memory ?? min(MachineConfiguration.memoryMiB(toHold: estimate.mebibyteCount),
                                     max(available, leastMachine))
    }

    private static func path(of monitor: Monitor) throws(LaunchError) -> String {
        switch monitor {
        case .qemu: try Preflight.locate(QEMUCommand.program)
        case .hexa:
            try Preflight.readableFile(besideProgram(HexaVMMCommand.program), hint: "'make build' makes it")
        }
    }

    /// A file that `make build` leaves beside this program.
    private static func besideProgram(_ name: String) -> String {
        guard let program = realpath("/proc/self/exe", nil) else { return name }
        defer { free(program) }
        let folder = String(cString: program).split(separator: "/").dropLast().joined(separator: "/")
        return "/\(folder)/\(name)"
    }
}
