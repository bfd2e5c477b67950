import ArgumentParser
import Glibc
import HostErrors
import HostSystem
import JSON
import struct GuestInterface.KernelConfiguration
import Machines
import MonotonicTime
import Reporting

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Boot a virtual machine that serves a model over the OpenAI API.",
        discussion: """
            EXAMPLES
              hexa-os run model.gguf
              hexa-os run model.gguf --port 9000 --api-key "$KEY"
              hexa-os run model.gguf --prompt "Name three primes." --once
              hexa-os run model.gguf --law raw.json
              hexa-os run model.gguf --replicas 2
              hexa-os run --from-snapshot warm/
              hexa-os run model.gguf --accel tcg --verbose
              eval "$(hexa-os run model.gguf --print-command) -s -S"

            Serves until Ctrl-C (or SIGTERM), then powers the machine off. A second Ctrl-C does not wait for it.
            Answers go to standard output, everything else to standard error.
            """
    )

    @Argument(help: ArgumentHelp("The model, a GGUF or HXM file.", valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Go on where 'hexa-os snapshot' has left a machine, instead of booting one.",
            valueName: "directory"))
    var fromSnapshot: String?

    @Option(help: "Ask this first and print the answer as it comes.")
    var prompt: String?

    @Flag(help: "Power off after the answer to --prompt.")
    var once = false

    @Option(help: ArgumentHelp("The longest answer to --prompt, in tokens.", valueName: "tokens"))
    var maxTokens: Int?

    @Option(help: "The port of 127.0.0.1 to serve on; 0 for any that is free.")
    var port: UInt16 = 8080

    @Option(
        help: ArgumentHelp(
            "Serve on the listening socket that this program was started with, instead of --port.",
            valueName: "descriptor"))
    var listenFd: Int32?

    @Option(
        help: ArgumentHelp(
            "Machines behind the port; requests are divided, and one that ends is replaced.",
            valueName: "count"))
    var replicas = 1

    @OptionGroup
    var options: MachineOptions

    @OptionGroup
    var serving: ServingOptions

    @Flag(name: .shortAndLong, help: "Show the kernel's whole console.")
    var verbose = false

    @Option(help: ArgumentHelp("Write the boot's milestones to PATH.json and, drawn, to PATH.svg.", valueName: "path"))
    var timeline: String?

    @Flag(help: "Tell at the end what the machine asked of the host; needs our own monitor.")
    var stats = false

    @Flag(help: "Print events as JSON lines on standard output.")
    var json = false

    @Flag(help: "Print QEMU's command line and do nothing; with --json as an array. It shows the API key.")
    var printCommand = false

    func validate() throws {
        try validateOrigin()
        if once && prompt == nil { throw ValidationError("--once needs --prompt") }
        for (flag, value) in [("--sla-ttft-ms", serving.slaTtftMs), ("--sla-itl-ms", serving.slaItlMs)] {
            let limits = 1...Int(KernelConfiguration.promiseMillisecondsMax)
            guard let value, !limits.contains(value) else { continue }
            throw ValidationError("\(flag) must be from 1 to \(limits.upperBound)")
        }
        for (flag, value) in [("--max-tokens", maxTokens ?? 1), ("--replicas", replicas)] where value < 1 {
            throw ValidationError("\(flag) must be at least 1")
        }
        if replicas > 1 && (prompt != nil || timeline != nil || stats || printCommand) {
            throw ValidationError(
                "--prompt, --timeline, --stats and --print-command are for one machine: leave --replicas out")
        }
        if let vmm = options.vmm, vmm != .qemu, printCommand {
            throw ValidationError("--print-command prints QEMU's command line only")
        }
        if let listenFd, listenFd <= STDERR_FILENO { throw ValidationError("--listen-fd must be at least 3") }
    }

    /// A machine is made of a model or of a snapshot, and what a snapshot has settled is not to be asked for again.
    private func validateOrigin() throws {
        guard fromSnapshot != nil else {
            if model == nil { throw ValidationError("a model is missing; or give --from-snapshot a directory") }
            return
        }
        if model != nil { throw ValidationError("--from-snapshot brings its model: leave the model out") }
        if replicas > 1 || printCommand {
            throw ValidationError("--replicas and --print-command are for machines that boot, not for snapshots")
        }
        if let flag = options.firstGiven ?? serving.firstGiven {
            throw ValidationError("\(flag) is settled by the snapshot: leave it out")
        }
    }

    /// Checks everything that can be checked without booting.
    func prepare(_ headStart: consuming MonitorHeadStart? = nil) throws -> MachinePlan {
        var plan = try planMachine(headStart)
        guard plan.machine.monitor == .hexa || !stats else {
            throw UnusableValue(flag: "--stats", reason: "needs --vmm hexa")
        }
        plan.machine.countsExits = stats
        return plan
    }

    private func planMachine(_ headStart: consuming MonitorHeadStart?) throws -> MachinePlan {
        guard let fromSnapshot else {
            return try .booting(
                model ?? "", options: options, serving: serving, monitor: printCommand ? .qemu : nil,
                machineCount: replicas, takePort: takePort)
        }
        guard let headStart, listenFd == nil else {
            return try .restoring(fromSnapshot, options: options, apiKey: serving.apiKey, takePort: takePort)
        }
        var plan = try MachinePlan.restoring(
            fromSnapshot, options: options, apiKey: serving.apiKey,
            takePort: { try headStart.takePort(port) })
        plan.headStart = consume headStart
        return plan
    }

    private func takePort() throws -> ServerPort {
        if let listenFd { return try ServerPort(inheriting: listenFd, flag: "--listen-fd") }
        return try ServerPort(port)
    }

    func run() throws { try run(after: nil) }

    /// - Parameter headStart: the monitor that `startAhead` has started.
    func run(after headStart: consuming MonitorHeadStart?) throws {
        let started = HostClock.now
        var headStart = headStart
        try reportingFailure {
            if replicas > 1, let model { return try serveReplicas(of: model, replicas) }
            let plan = try prepare(headStart.take())
            if printCommand { return try show(QEMUCommand(plan.machine)) }
            try serve(plan, started: started)
        }
    }
}

// MARK: - Before the command line is read

extension RunCommand {
    /// Starts the monitor if `arguments` look as if a machine were to start from a snapshot. A guess that is wrong
    /// costs nothing but time: what the arguments say is found out by parsing them.
    static func startAhead(_ arguments: ArraySlice<String>) -> MonitorHeadStart? {
        guard arguments.first == configuration.commandName, let directory = snapshotDirectory(in: arguments) else {
            return nil
        }
        return try? MonitorHeadStart(
            preparing: directory, monitorPath: MachinePlan.besideProgram(HexaVMMCommand.program))
    }

    private static func snapshotDirectory(in arguments: ArraySlice<String>) -> String? {
        let option = "--from-snapshot"
        for (index, argument) in zip(arguments.indices, arguments) {
            if argument == option { return arguments[(index + 1)...].first }
            if argument.hasPrefix("\(option)=") { return String(argument.dropFirst(option.utf8.count + 1)) }
        }
        return nil
    }
}
