import ArgumentParser
import Dispatch
import Engine
import Glibc
import HostSystem
import JSON
import LaneThreads
import Law
import LawFiles
import ModelFiles
import ModelFormats
import MonotonicTime
import NIOCore
import NIOPosix
import Reporting
import Serving
import Tensor
import Transformer

@main
struct HexaServe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hexa-serve",
        abstract: "Serve a language model from an ordinary Linux process.",
        discussion: """
            The same server and engine as in the unikernel that 'hexa-os run' boots, over Linux's own sockets: what
            differs between the two is what the operating system is worth.

            EXAMPLES
              hexa-serve model.gguf       serve at http://127.0.0.1:8080/v1
              hexa-serve model.gguf --host 0.0.0.0 --port 80
              hexa-serve model.gguf --law raw.json
              HEXA_API_KEY=sk-... hexa-serve model.gguf

            Serves until Ctrl-C (or SIGTERM): then no more connections are accepted, requests under way are answered,
            and others on open connections get 503. A second signal ends it at once.

            EXIT CODES
              0   done
              64  wrong usage
              65  the model file cannot be served, or raw.json is not a law
              66  a file cannot be read
              71  the operating system refuses what is needed
              73  the port is taken
              78  too little memory
            """,
        version: Version.number
    )

    @Argument(help: ArgumentHelp("The model, a GGUF or HXM file.", valueName: "model"))
    var model: String

    @Option(help: "The address to serve at.")
    var host = "127.0.0.1"

    @Option(help: "The port to serve at.")
    var port: UInt16 = 8080

    @OptionGroup
    var serving: ServingOptions

    @Option(help: ArgumentHelp("Threads that compute, one for each processor we may use.", valueName: "count"))
    var threads = HostProcessors.participantCountDefault

    @Flag(help: "Print events as JSON lines on standard output.")
    var json = false

    func validate() throws {
        let counts = [
            ("--threads", threads), ("--sla-ttft-ms", serving.slaTtftMs ?? 1), ("--sla-itl-ms", serving.slaItlMs ?? 1),
        ]
        for (flag, value) in counts where value < 1 {
            throw ValidationError("\(flag) must be at least 1")
        }
        if threads > LaneCrew.capacityMax { throw ValidationError("--threads may be \(LaneCrew.capacityMax) at most") }
        if port == 0 { throw ValidationError("--port must be at least 1") }
        if let apiKey = serving.apiKey, apiKey.isEmpty || !apiKey.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) {
            throw ValidationError("--api-key must be printable ASCII without spaces")
        }
    }

    func run() throws {
        let started = HostClock.now
        try reportingFailure {
            var signals = SignalInbox()
            let file = try ModelFile(path: model)
            let law = try lawInForce()
            let lanes = LaneThreads(participantCount: threads, placement: threads > 1 ? .pinned : .floating)
            let plan = try ServingPlan(
                file, name: serving.name, context: serving.context, sequences: serving.sequences,
                serviceLevel: ServiceLevel(
                    timeToFirstTokenMax: serving.slaTtftMs.map { .milliseconds(UInt64($0)) },
                    timeBetweenTokensMax: serving.slaItlMs.map { .milliseconds(UInt64($0)) }),
                holdsPrograms: serving.law != nil)
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            // The loop's thread drives the model, and so leads the crew.
            try group.next().submit { lanes.pinLeader() }.wait()
            let service = try SocketService.make(
                on: group, host: host, port: port, server: makeServer(law), crew: lanes.crew)
            service.start(try plan.load(crew: lanes.crew))
            announce(plan.settings.name, HostClock.now - started)
            signals.wait()
            stop(service, &signals)
        }
    }
}

// MARK: - Parts

extension HexaServe {
    /// How long answers under way may take once the process is asked to end.
    private static let drainSecondsMax = 10
    /// How often a second signal is looked for meanwhile.
    private static let signalPollMilliseconds = 20

    /// The law of `--law`; without it whoever has the API key may use the model.
    private func lawInForce() throws -> Law {
        guard let path = serving.law else {
            let keys = [serving.apiKey ?? HostEnvironment.apiKey].compactMap { $0.map { Array($0.utf8) } }
            return Law(clients: Law.Client.holding(keys))
        }
        return Law(try LawFile(path: path).document, auditKey: Array((HostEnvironment.auditKey ?? "").utf8))
    }

    private func makeServer(_ law: Law) -> Server<Transformer> {
        var configuration = ServerConfiguration()
        configuration.originUnixSeconds = HostClock.unixSeconds - HostClock.now.nanoseconds / 1_000_000_000
        configuration.randomSeed = .random(in: .min ... .max)
        return Server(law: law, configuration: configuration)
    }

    private func announce(_ name: String, _ duration: Interval) {
        let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/v1"
        let seconds = (duration.seconds * 100).rounded() / 100
        Terminal.note("serving at \(url) (model \(name), ready in \(seconds) s)")
        if json {
            let event: JSONValue = [
                "event": "ready", "url": .string(JSONString(url)), "model": .string(JSONString(name)),
                "boot_seconds": .number(.double(duration.seconds)),
            ]
            Terminal.print(String(decoding: event.serialized(), as: UTF8.self))
        } else {
            Terminal.note("press Ctrl-C to stop")
        }
    }

    /// Answers what is under way, unless that takes too long or another signal comes.
    private func stop(_ service: SocketService, _ signals: inout SignalInbox) {
        let done = DispatchSemaphore(value: 0)
        service.drain().whenComplete { _ in done.signal() }
        let deadline = HostClock.now + .seconds(UInt64(Self.drainSecondsMax))
        while done.wait(timeout: .now() + .milliseconds(Self.signalPollMilliseconds)) == .timedOut {
            guard !signals.takeOne() else { return }
            guard HostClock.now < deadline else {
                return Terminal.warn("answers were still under way after \(Self.drainSecondsMax) s: cut off")
            }
        }
        Terminal.note("stopped")
    }
}
