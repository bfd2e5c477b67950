import ArgumentParser
import Fleet
import FleetHost
import HostSystem
import JSON
import Machines
import ModelFiles
import MonotonicTime
import Reporting

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve every model of a folder, each from a machine that runs only while it is asked.",
        discussion: """
            EXAMPLES
              hexa-os serve models/ --port 8080
              hexa-os serve models/ --idle-timeout 10m --max-resident 1
              hexa-os ps                      what runs; 'logs NAME' and 'stop NAME' do what they say

            A request's "model" picks the machine; if it does not run, it is started while the request waits. A machine
            stops when it has been idle, or when another model needs its place. GET /v1/models lists all with their
            state. Serves until Ctrl-C (or SIGTERM), which answers what is under way; a second one does not.
            """
    )

    @Argument(help: ArgumentHelp("The folder with GGUF and HXM files.", valueName: "folder"))
    var folder: String

    @Option(help: "The port of 127.0.0.1 to serve on; 0 for any that is free.")
    var port: UInt16 = 8080

    @Option(
        help: ArgumentHelp(
            "How long a machine stays without a request, such as 500ms, 60s or 10m.",
            valueName: "time"))
    var idleTimeout = TimeSpan(.seconds(60))

    @Option(help: ArgumentHelp("Machines that run at the same time.", valueName: "count"))
    var maxResident = 2

    @Option(help: ArgumentHelp("How long a request waits for its machine.", valueName: "time"))
    var queueTimeout = TimeSpan(.seconds(120))

    @Flag(help: "Keep in memory the weights of the models that run or ran last, as many as --max-resident says.")
    var lockWeights = false

    @OptionGroup
    var machine: MachineOptions

    @OptionGroup
    var serving: ServingOptions

    @Flag(help: "Print events as JSON lines on standard output.")
    var json = false

    func validate() throws {
        if maxResident < 1 { throw ValidationError("--max-resident must be at least 1") }
        // What every machine would refuse is refused here.
        _ = try RunCommand.parse(["model"] + machine.arguments + serving.arguments)
        if serving.name != nil { throw ValidationError("--name is for one model: here files have their own names") }
    }

    func run() throws {
        try reportingFailure {
            let files = try ModelFolder.files(in: folder)
            if lockWeights { try checkLocking(files) }
            let apiKey = serving.apiKey ?? HostEnvironment.apiKey
            var policy = FleetPolicy()
            policy.residentMax = maxResident
            policy.idleTimeout = idleTimeout.interval
            policy.waitMax = queueTimeout.interval
            let options = machine.arguments + serving.arguments
            let entries = files.map { file in
                FleetConfiguration.Entry(
                    name: file.name, path: file.path, modifiedUnixSeconds: file.modifiedUnixSeconds,
                    machineArguments: ["run", file.path, "--name", file.name] + options, policy: .init())
            }
            var configuration = FleetConfiguration(
                entries: entries, isBalancer: false, apiKey: serving.clientKey, policy: policy,
                program: FleetSession.program)
            configuration.locksWeights = lockWeights
            try FleetSession.serve(
                configuration, at: ServerPort(port), machineKey: apiKey, printsJSON: json)
        }
    }
}

extension ServeCommand {
    /// Refuses to begin what would be refused as soon as the largest models have run.
    private func checkLocking(_ files: [ModelFolder.File]) throws {
        let largest = files.sorted { $0.byteCount > $1.byteCount }.prefix(maxResident)
        try LockedFile.check(largest.map(\.path))
    }
}

/// A time as people write it: a number with `ms`, `s`, `m` or `h`; seconds without.
struct TimeSpan: ExpressibleByArgument {
    let interval: Interval

    /// Longer ones are as good as for ever.
    private static let secondsMax: UInt64 = 365 * 24 * 3_600
    private static let units: [(name: String, milliseconds: UInt64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("", 1_000),
    ]

    init(_ interval: Interval) { self.interval = interval }

    init?(argument: String) {
        guard let unit = Self.units.first(where: { argument.hasSuffix($0.name) }),
            let count = UInt64(argument.dropLast(unit.name.count)),
            count <= Self.secondsMax * 1_000 / unit.milliseconds
        else { return nil }
        interval = .milliseconds(count * unit.milliseconds)
    }

    var defaultValueDescription: String { "\(interval.milliseconds / 1_000)s" }
}
