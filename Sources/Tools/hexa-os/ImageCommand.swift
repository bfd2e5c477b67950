import ArgumentParser
import GuestInterface
import HostFiles
import HostSystem
import LaneThreads
import LawFiles
import Machines
import ModelFiles
import MonotonicTime
import Reporting

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Write a folder from which Firecracker, or hexa-vmm, starts a machine by itself.",
        discussion: """
            EXAMPLES
              hexa-os image model.hxm --firecracker appliance
              cd appliance && firecracker --no-api --config-file config.json
              cd appliance && hexa-vmm --config-file config.json

            Paths in config.json are relative to the folder, and a monitor takes them relative to where it is started.
            Clients reach the server through the Unix socket v.sock, on which they first say "CONNECT 80" and a line
            feed. A packed model is mapped (virtio-pmem, which Firecracker has from 1.14 on), a GGUF file is a drive.
            The machine's clock starts at the time at which the image was made.
            """
    )

    @Argument(help: ArgumentHelp("The model, a GGUF or HXM file.", valueName: "model"))
    var model: String

    @Option(help: ArgumentHelp("The folder to write; made if it is not there.", valueName: "folder"))
    var firecracker: String

    @Option(help: ArgumentHelp("Virtual processors (default: as many as the host lets us use).", valueName: "count"))
    var cpus: Int?

    @Option(help: ArgumentHelp("Memory of the machine (default: what the model needs).", valueName: "mib"))
    var memory: Int?

    @Option(help: ArgumentHelp("The kernel image (default: hexa-kernel.elf beside hexa-os).", valueName: "path"))
    var kernel: String?

    @Option(help: "How much the kernel logs: error, warn, info or debug.")
    var logLevel = LogLevel.info

    @OptionGroup
    var serving: ServingOptions

    @Flag(help: "Link kernel, model and law instead of copying them.")
    var link = false

    @Flag(help: "Replace files of the folder that have the same names.")
    var force = false

    func validate() throws {
        for (flag, value) in [("--cpus", cpus ?? 1), ("--memory", memory ?? 1)] where value < 1 {
            throw ValidationError("\(flag) must be at least 1")
        }
    }

    func run() throws {
        try reportingFailure {
            let image = try MachineImage(machine())
            Terminal.progress("writing \(firecracker) ...")
            try image.write(to: firecracker, linksFiles: link, replacesExisting: force)
            Terminal.note(
                "wrote \(firecracker): in it, firecracker --no-api --config-file "
                    + "\(MachineImage.configurationFile) starts the machine")
        }
    }

    private func machine() throws -> MachineConfiguration {
        let file = try ModelFile(path: model)
        let configuration = try file.check(.quick)
        let kernelPath = try ReadableFile.path(
            kernel ?? MachinePlan.besideProgram("hexa-kernel.elf"),
            hint: "'make build' makes it, --kernel names another")
        let lawFile = try serving.law.map { try LawFile(path: $0) }
        let isPacked = file.container.format == .hxm
        let estimate = MemoryEstimate(
            configuration, fileByteCount: isPacked ? 0 : file.byteCount,
            contextLength: serving.context, sequenceCount: serving.sequences,
            holdsPrograms: serving.law != nil)
        let least = MachineConfiguration.memoryMiB(toHold: estimate.mebibyteCountMin)
        if let memory, memory < least { throw MemoryError.requestTooSmall(requestedMiB: memory, neededMiB: least) }
        var machine = MachineConfiguration(
            kernelPath: kernelPath, modelPath: file.path, modelByteCount: file.byteCount,
            modelName: serving.name ?? file.defaultName,
            processorCount: cpus ?? HostProcessors.participantCountDefault,
            memoryMiB: memory ?? MachineConfiguration.memoryMiB(toHold: estimate.mebibyteCount),
            accelerator: .kvm, monitor: .hexa, hostPort: 0, apiKey: serving.apiKey ?? HostEnvironment.apiKey,
            law: lawFile, auditKey: HostEnvironment.auditKey, logLevel: logLevel, contextLength: serving.context,
            sequenceCount: serving.sequences, startTimeUnixSeconds: HostClock.unixSeconds)
        machine.isModelPacked = isPacked
        machine.timeToFirstTokenMilliseconds = serving.slaTtftMs
        machine.timeBetweenTokensMilliseconds = serving.slaItlMs
        return machine
    }
}
