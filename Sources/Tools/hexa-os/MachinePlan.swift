import Glibc
import HostFiles
import HostSystem
import LaneThreads
import LawFiles
import Machines
import ModelFiles
import Reporting
import Transformer
import VMM

/// What the checks before the boot have settled.
struct MachinePlan: ~Copyable {
    var machine: MachineConfiguration
    let monitorPath: String
    /// Where it serves.
    let port: ServerPort
    /// The monitor, if it has been started already.
    var headStart: MonitorHeadStart?

    /// Checks everything that can be checked without booting, the quickest first.
    ///
    /// - Parameters:
    ///   - monitor: what runs the machine, whatever the options say; nil leaves it to them.
    ///   - machineCount: machines of this kind that run together.
    ///   - takePort: takes the port where the machine will serve.
    static func booting(
        _ model: String, options: MachineOptions, serving: ServingOptions, monitor fixed: Monitor? = nil,
        machineCount: Int = 1, takePort: () throws -> ServerPort
    ) throws -> MachinePlan {
        let file = try ModelFile(path: model)
        let configuration = try file.check(.quick)
        let kernelPath = try ReadableFile.path(
            options.kernel ?? Self.besideProgram("hexa-kernel.elf"),
            hint: "'make build' makes it, --kernel names another")
        let port = try takePort()
        let lawFile = try serving.law.map { try LawFile(path: $0) }
        let choice = try Accelerator.choose((fixed ?? options.vmm ?? .qemu) == .qemu ? options.accel : .kvm)
        if let reason = choice.fallbackReason {
            Terminal.warn("KVM cannot be used (\(reason)): falling back to TCG, which is slow")
        }
        let monitor = fixed ?? options.vmm ?? Monitor.default(for: choice.accelerator)
        let monitorPath = try path(of: monitor, options)
        let memoryMiB = try memoryFor(
            configuration, file, monitor, options, serving, machineCount: machineCount)
        var machine = MachineConfiguration(
            kernelPath: kernelPath, modelPath: file.path, modelByteCount: file.byteCount,
            modelName: serving.name ?? file.defaultName,
            processorCount: options.cpus ?? HostProcessors.participantCountDefault, memoryMiB: memoryMiB,
            accelerator: choice.accelerator, monitor: monitor, hostPort: port.number,
            apiKey: serving.apiKey ?? HostEnvironment.apiKey, law: lawFile, auditKey: HostEnvironment.auditKey,
            logLevel: options.logLevel, contextLength: serving.context, sequenceCount: serving.sequences,
            startTimeUnixSeconds: HostClock.unixSeconds)
        machine.isModelPacked = file.container.format == .hxm
        machine.timeToFirstTokenMilliseconds = serving.slaTtftMs
        machine.timeBetweenTokensMilliseconds = serving.slaItlMs
        return MachinePlan(machine: machine, monitorPath: monitorPath, port: port)
    }

    /// A machine made of a snapshot, which has settled all but where it serves.
    static func restoring(
        _ directory: String, options: MachineOptions, apiKey: String?, takePort: () throws -> ServerPort
    ) throws -> MachinePlan {
        let snapshot: Snapshot
        do throws(VMMError) {
            snapshot = try Snapshot(in: directory)
        } catch {
            throw SnapshotError(error)
        }
        let port = try takePort()
        // There is nothing to fall back to: whether it makes machines, the monitor will see.
        _ = try Accelerator.choose(.kvm) { access("/dev/kvm", R_OK | W_OK) == 0 ? 0 : errno }
        let monitorPath = try path(of: .hexa, options)
        let machine = MachineConfiguration(
            restoring: snapshot, hostPort: port.number, apiKey: apiKey ?? HostEnvironment.apiKey)
        return MachinePlan(machine: machine, monitorPath: monitorPath, port: port)
    }

    private static func memoryFor(
        _ configuration: ModelConfiguration, _ file: ModelFile, _ monitor: Monitor, _ options: MachineOptions,
        _ serving: ServingOptions, machineCount: Int
    ) throws(MemoryError) -> Int {
        // All but QEMU map a packed file beside the machine's memory.
        let isMapped = monitor != .qemu && file.container.format == .hxm
        let estimate = MemoryEstimate(
            configuration, fileByteCount: isMapped ? 0 : file.byteCount,
            contextLength: serving.context, sequenceCount: serving.sequences,
            holdsPrograms: serving.law != nil)
        return try MemoryPlan(
            estimate, sharedByteCount: isMapped ? file.byteCount : 0, machineCount: machineCount,
            requestedMiB: options.memory, availableMiB: HostMemory.availableMiB()
        ).machineMiB
    }

    private static func path(of monitor: Monitor, _ options: MachineOptions) throws -> String {
        switch monitor {
        case .firecracker:
            if let path = options.firecrackerBinary {
                try ReadableFile.path(path, hint: "--firecracker-binary names Firecracker's program")
            } else {
                try ProgramSearch.locate(FirecrackerCommand.program, orElse: .firecracker)
            }
        case .qemu: try ProgramSearch.locate(QEMUCommand.program)
        case .hexa:
            try ReadableFile.path(besideProgram(HexaVMMCommand.program), hint: "'make build' makes it")
        }
    }

    /// A file that `make build` leaves beside this program.
    static func besideProgram(_ name: String) -> String {
        guard let program = realpath("/proc/self/exe", nil) else { return name }
        defer { free(program) }
        let path = String(cString: program)
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return name }
        return path[...slash] + name
    }
}
