import ArgumentParser
import HostErrors
import HostSystem
import JSON
import Machines
import ModelFiles
import MonotonicTime
import Reporting
import VMM

struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Save a running machine, its model ready and its prefix cache warm, to start from there.",
        discussion: """
            EXAMPLES
              hexa-os snapshot model.hxm --to warm
              hexa-os snapshot model.hxm --to warm --warm-prompt "You are a helpful assistant. Say yes."
              hexa-os run --from-snapshot warm --port 9000

            Boots a machine, asks it each --warm-prompt, and writes its memory to the directory. Any number of machines
            may run from there at once: none changes it. The directory holds what the machine knew, API keys included,
            and is readable by its owner alone. Needs KVM; see docs/snapshots.md.
            """
    )

    @Argument(help: ArgumentHelp("The model, a GGUF or HXM file.", valueName: "model"))
    var model: String

    @Option(help: ArgumentHelp("The snapshot, a directory that is made.", valueName: "directory"))
    var to: String

    @Option(
        help: ArgumentHelp(
            "Ask this first, so that its keys and values are in the prefix cache; may be repeated.",
            valueName: "text"))
    var warmPrompt: [String] = []

    @Flag(help: "Replace the snapshot if it exists.")
    var force = false

    @OptionGroup
    var options: MachineOptions

    @OptionGroup
    var serving: ServingOptions

    @Flag(name: .shortAndLong, help: "Show the kernel's whole console.")
    var verbose = false

    @Flag(help: "Print the result as one JSON object on standard output.")
    var json = false

    /// The kernel gives answers under way ten seconds; the rest is for the disk.
    private static let saveTimeoutSeconds = 300
    /// A prompt is in the cache once it has been read: one token is the shortest answer.
    private static let warmTokenCount = 1

    func validate() throws {
        if (options.vmm ?? .hexa) != .hexa || options.accel == .tcg {
            throw ValidationError("a snapshot is made by our own monitor, which needs KVM: leave --vmm and --accel out")
        }
    }

    func run() throws {
        let started = HostClock.now
        try reportingFailure {
            var plan = try MachinePlan.booting(
                model, options: options, serving: serving, monitor: .hexa,
                takePort: { try ServerPort(0) })
            var directory = try SnapshotDirectory(
                path: to, memoryMiB: plan.machine.memoryMiB, replacesExisting: force)
            plan.machine.snapshot = .saving(directory.saving)
            let manifest = try Self.manifest(of: plan.machine, directory.id)
            try boot(plan)
            let byteCount = try directory.complete(manifest)
            report(byteCount, HostClock.now - started)
        }
    }

    /// Runs the machine from its boot until its memory is written.
    private func boot(_ plan: consuming MachinePlan) throws {
        let (machine, monitorPath) = (plan.machine, plan.monitorPath)
        Terminal.progress("booting \(machine.modelName) ...")
        let filter = ConsoleFilter(showsEverything: verbose)
        var session = try GuestSession(starting: machine, at: plan.port, monitorPath: monitorPath) { line in
            if filter.shows(line) { Terminal.note(line.text) }
        }
        guard try session.waitUntilReady(timeoutSeconds: options.bootTimeout ?? 30) == .ready else {
            throw Interrupted()
        }
        for (index, prompt) in warmPrompt.enumerated() {
            Terminal.progress("warming: prompt \(index + 1) of \(warmPrompt.count) ...")
            guard try session.ask(prompt, tokenCountMax: Self.warmTokenCount, onText: { _ in }) else {
                throw Interrupted()
            }
        }
        Terminal.progress("saving \(machine.memoryMiB) MiB ...")
        try session.suspend(timeoutSeconds: Self.saveTimeoutSeconds)
    }

    private static func manifest(
        of machine: MachineConfiguration, _ id: SnapshotID
    ) throws -> SnapshotManifest {
        let description = try HexaVMMCommand(machine).description
        do throws(VMMError) {
            return try SnapshotManifest(of: description, modelName: machine.modelName, id: id)
        } catch {
            throw SnapshotError(error)
        }
    }

    private func report(_ byteCount: Int, _ duration: Interval) {
        let seconds = (duration.seconds * 100).rounded() / 100
        Terminal.note(
            "saved \(to): \(ModelReport.size(byteCount)) in \(seconds) s; start it with "
                + "'hexa-os run --from-snapshot \(to)'")
        guard json else { return }
        let result: JSONValue = [
            "path": .string(JSONString(to)), "disk_bytes": .number(.integer(Int64(byteCount))),
            "seconds": .number(.double(duration.seconds)),
        ]
        Terminal.print(String(decoding: result.serialized(), as: UTF8.self))
    }
}
