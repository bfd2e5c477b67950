import Glibc
import LaneThreads
import Launcher
import Model
import Reporting

extension RunCommand {
    /// What the checks before the boot have settled.
    struct Plan: ~Copyable {
        let machine: MachineConfiguration
        let monitorPath: String
        /// Where it serves.
        let port: ServerPort
    }

    /// Checks everything that can be checked without booting, the quickest first.
    func prepare() throws(LaunchError) -> Plan {
        let file = try ModelFile(path: model)
        let configuration = try file.check(.quick)
        let kernelPath = try Preflight.readableFile(options.kernel ?? Self.besideProgram("hexa-kernel.elf"),
                                                    hint: "'make build' makes it, --kernel names another")
        let port = try takePort()
        let lawFile = try serving.law.map { path throws(LaunchError) in try LawFile(path: path) }
        let choice = try Accelerator.choose((options.vmm ?? .qemu) == .qemu ? options.accel : .kvm)
        if let reason = choice.fallbackReason {
            Terminal.warn("KVM cannot be used (\(reason)): falling back to TCG, which is slow")
        }
        let monitor = printCommand ? .qemu : options.vmm ?? Monitor.default(for: choice.accelerator)
        guard monitor == .hexa || !stats else { throw .valueUnusable(flag: "--stats", reason: "needs --vmm hexa") }
        let monitorPath = try path(of: monitor)
        let memoryMiB = try memoryFor(configuration, file, monitor)
        var machine = MachineConfiguration(
            kernelPath: kernelPath, modelPath: file.path, modelByteCount: file.byteCount,
            modelName: serving.name ?? file.defaultName,
            processorCount: options.cpus ?? HostProcessors.participantCountDefault, memoryMiB: memoryMiB,
            accelerator: choice.accelerator, monitor: monitor, hostPort: port.number,
            apiKey: serving.apiKey ?? HostEnvironment.apiKey, law: lawFile, auditKey: HostEnvironment.auditKey,
            logLevel: options.logLevel, contextLength: serving.context, sequenceCount: serving.sequences,
            startTimeUnixSeconds: HostClock.unixSeconds)
        machine.countsExits = stats
        machine.isModelPacked = file.container.format == .hxm
        machine.timeToFirstTokenMilliseconds = serving.slaTtftMs
        machine.timeBetweenTokensMilliseconds = serving.slaItlMs
        return Plan(machine: machine, monitorPath: monitorPath, port: port)
    }

    private func takePort() throws(LaunchError) -> ServerPort {
        if let listenFd { return try ServerPort(inheriting: listenFd, flag: "--listen-fd") }
        return try ServerPort(port)
    }

    private func memoryFor(
        _ configuration: ModelConfiguration, _ file: ModelFile, _ monitor: Monitor
    ) throws(LaunchError) -> Int {
        // All but QEMU map a packed file beside the machine's memory.
        let isMapped = monitor != .qemu && file.container.format == .hxm
        let estimate = MemoryEstimate(configuration, fileByteCount: isMapped ? 0 : file.byteCount,
                                      contextLength: serving.context, sequenceCount: serving.sequences,
                                      holdsPrograms: serving.law != nil)
        return try MemoryPlan(estimate, sharedByteCount: isMapped ? file.byteCount : 0, machineCount: replicas,
                              requestedMiB: options.memory, availableMiB: Preflight.availableMemoryMiB()).machineMiB
    }

    private func path(of monitor: Monitor) throws(LaunchError) -> String {
        switch monitor {
        case .firecracker:
            if let path = options.firecrackerBinary {
                try Preflight.readableFile(path, hint: "--firecracker-binary names Firecracker's program")
            } else {
                try Preflight.locate(FirecrackerCommand.program, orElse: .firecrackerMissing)
            }
        case .qemu: try Preflight.locate(QEMUCommand.program)
        case .hexa:
            try Preflight.readableFile(Self.besideProgram(HexaVMMCommand.program), hint: "'make build' makes it")
        }
    }

    /// A file that `make build` leaves beside this program.
    static func besideProgram(_ name: String) -> String {
        guard let program = realpath("/proc/self/exe", nil) else { return name }
        defer { free(program) }
        let folder = String(cString: program).split(separator: "/").dropLast().joined(separator: "/")
        return "/\(folder)/\(name)"
    }
}
