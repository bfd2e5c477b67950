import Glibc
import LaneThreads
import Launcher
import Model
import Reporting

extension RunCommand {
    /// What the checks before the boot have settled.
    struct Plan {
        let machine: MachineConfiguration
        let emulatorPath: String
    }

    /// Checks everything that can be checked without booting, the quickest first.
    func prepare() throws(LaunchError) -> Plan {
        let file = try ModelFile(path: model)
        let configuration = try file.check(.quick)
        let kernelPath = try Preflight.readableFile(kernel ?? Self.kernelBesideProgram(),
                                                    hint: "'make build' makes it, --kernel names another")
        let emulatorPath = try Preflight.locate(QEMUCommand.program)
        try Preflight.freePort(port)
        let memoryMiB = try memoryFor(configuration, file)
        let lawFile = try serving.law.map { path throws(LaunchError) in try LawFile(path: path) }
        let choice = try Accelerator.choose(accel)
        if let reason = choice.fallbackReason {
            Terminal.warn("KVM cannot be used (\(reason)): falling back to TCG, which is slow")
        }
        var machine = MachineConfiguration(
            kernelPath: kernelPath, modelPath: file.path, modelByteCount: file.byteCount,
            modelName: serving.name ?? file.defaultName, processorCount: cpus ?? HostProcessors.participantCountDefault,
            memoryMiB: memoryMiB, accelerator: choice.accelerator, hostPort: port,
            apiKey: serving.apiKey ?? HostEnvironment.apiKey, law: lawFile, auditKey: HostEnvironment.auditKey,
            logLevel: logLevel, contextLength: serving.context, sequenceCount: serving.sequences,
            startTimeUnixSeconds: HostClock.unixSeconds)
        machine.timeToFirstTokenMilliseconds = serving.slaTtftMs
        machine.timeBetweenTokensMilliseconds = serving.slaItlMs
        return Plan(machine: machine, emulatorPath: emulatorPath)
    }

    private func memoryFor(_ configuration: ModelConfiguration, _ file: ModelFile) throws(LaunchError) -> Int {
        let estimate = MemoryEstimate(configuration, fileByteCount: file.byteCount, contextLength: serving.context,
                                      sequenceCount: serving.sequences, holdsPrograms: serving.law != nil)
        let least = estimate.mebibyteCountMin
        let leastMachine = MachineConfiguration.memoryMiB(toHold: least)
        if let memory, memory < leastMachine {
            throw .memoryTooSmall(requestedMiB: memory, neededMiB: leastMachine)
        }
        let available = Preflight.availableMemoryMiB() ?? .max
        guard available >= least else { throw .hostMemoryTooSmall(neededMiB: least, availableMiB: available) }
        // With less than it could use the kernel serves fewer sequences at once, and says so.
        // Not beyond what is there, though much of a large machine is never touched: Linux may refuse to promise it.
        return memory ?? min(MachineConfiguration.memoryMiB(toHold: estimate.mebibyteCount),
                             max(available, leastMachine))
    }

    /// The image that `make build` leaves beside this program.
    private static func kernelBesideProgram() -> String {
        guard let program = realpath("/proc/self/exe", nil) else { return "hexa-kernel.elf" }
        defer { free(program) }
        let folder = String(cString: program).split(separator: "/").dropLast().joined(separator: "/")
        return "/\(folder)/hexa-kernel.elf"
    }
}
