import Glibc
import HostErrors
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import FleetHost

@Suite("A machine's process")
struct MachineProcessTests {
    /// Events of a machine whose `hexa-os` is a shell script.
    private final class Run: @unchecked Sendable {
        private let machine: MachineProcess
        private let loop: any EventLoop
        private let seen: Seen

        final class Seen: Sendable { let events = Mutex<[String]>([]) }

        init(_ script: String) throws {
            let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
            let seen = Seen()
            self.loop = loop
            self.seen = seen
            // SAFETY: made and used on the loop only.
            let box = try loop.submit {
                Unchecked(
                    try MachineProcess(program: "/bin/sh", arguments: ["-c", script], on: loop) { event in
                        let text =
                            switch event {
                            case .ready: "ready"
                            case .line(let line): "line: \(line)"
                            case .ended(let reason): "ended: \(reason)"
                            }
                        seen.events.withLock { $0.append(text) }
                    })
            }.wait()
            machine = box.value
        }

        var events: [String] { seen.events.withLock { $0 } }
        var hasEnded: Bool { events.last?.hasPrefix("ended: ") ?? false }

        func stop() throws { try loop.submit { self.machine.stop() }.wait() }
        func kill() throws { try loop.submit { self.machine.kill() }.wait() }
    }

    private struct Unchecked<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    @Test("its ready event, its lines and its end are told, the end last")
    func events() throws {
        let run = try Run(#"echo 'booting' >&2; echo '{"event":"ready"}'; echo 'no json'; exec sleep 60"#)
        #expect(eventually { run.events.contains("ready") && run.events.contains("line: booting") })
        try run.stop()
        #expect(eventually { run.hasEnded })
        #expect(run.events.last == "ended: hexa-os run was ended by signal 15" && run.events.count == 3)
    }

    @Test("an error line is the reason of its end; without one the status is")
    func reasons() throws {
        let cases = [
            ("echo 'error: no model' >&2; echo more >&2; exit 65", "ended: no model"),
            ("exit 3", "ended: hexa-os run exited with 3"), ("exit 0", "ended: it was powered off"),
        ]
        for (script, reason) in cases {
            let run = try Run(script)
            #expect(eventually { run.hasEnded } && run.events.last == reason)
        }
    }

    @Test("one that ignores the request to end is killed")
    func kill() throws {
        let run = try Run("trap '' TERM; echo here >&2; while :; do sleep 0.01; done")
        #expect(eventually { run.events == ["line: here"] })
        try run.stop()
        usleep(50_000)
        #expect(!run.hasEnded)
        try run.kill()
        #expect(eventually { run.hasEnded })
    }

    @Test("it is given the socket that listens on its port, and no key on its command line")
    func listener() throws {
        let run = try Run(#"readlink /proc/self/fd/3 | cut -c 1-7 >&2; echo "$0 $1 $2" >&2"#)
        #expect(eventually { run.hasEnded })
        #expect(Array(run.events.prefix(2)) == ["line: socket:", "line: --listen-fd 3 --json"])
    }

    @Test("a program that is not there is an error, not a dead machine")
    func missing() throws {
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        let error = #expect(throws: MachineStartError.self) {
            try loop.submit {
                _ = try MachineProcess(program: "/nowhere/hexa-os", arguments: [], on: loop) { _ in }
            }.wait()
        }
        #expect(error == .program(StartFailure(path: "/nowhere/hexa-os", reason: "No such file or directory")))
    }
}
