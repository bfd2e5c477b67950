import Glibc
import HostErrors
import HostSystem
import JSON
import MonotonicTime
import Testing

@testable import Machines
@testable import VMM

/// A monitor is a shell script here: its output is the guest's console, and descriptor 4 the listening socket.
@Suite("A machine's session, from start to end")
struct GuestSessionTests {
    /// What the scripts have in common: they power off when they are asked to, as the kernel does.
    private static let untilPowerOff = "read command; [ \"$command\" = \"$(printf '\\036poweroff')\" ] && exit 33"

    private struct Script {
        let path: String

        init(_ text: String) {
            var template = Array("/tmp/hexa-monitor-XXXXXX".utf8CString)
            let number = mkstemp(&template)
            path = String(cString: template)
            FileDescriptor.write(Array("#!/bin/sh\n\(text)\n".utf8), to: number)
            fchmod(number, 0o700)
            close(number)
        }

        /// It must be there until the monitor has begun, however early the last mention of it is.
        func remove() { unlink(path) }
    }

    private final class Lines {
        var texts: [String] = []
    }

    private func session(
        _ script: Script, monitor: Monitor = .hexa, lines: Lines = Lines(), port: consuming ServerPort
    ) throws -> GuestSession {
        var machine = MachineConfiguration.example()
        machine.monitor = monitor
        machine.hostPort = port.number
        return try GuestSession(starting: machine, at: port, monitorPath: script.path) { lines.texts.append($0.text) }
    }

    /// Whether a connection waits.
    private func wasProbed(_ listener: borrowing FileDescriptor) -> Bool {
        var request = pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }

    @Test("on our own monitor the kernel's word is enough, and is heard when it comes")
    func word() throws {
        let port = try ServerPort(0)
        let listener = FileDescriptor(owning: dup(port.descriptor))
        let script = Script("sleep 0.1; printf '\\036ready us=100000\\n'; \(Self.untilPowerOff)")
        let lines = Lines()
        let started = HostClock.now
        defer { script.remove() }
        var session = try session(script, lines: lines, port: port)
        let readiness = try session.waitUntilReady(timeoutSeconds: 10)
        #expect(readiness == .ready)
        let time = HostClock.now - started
        #expect(time >= .milliseconds(100))
        // Where a processor was so long in coming that a probe was due, there may have been one.
        #expect(!wasProbed(listener) || time >= .milliseconds(250))
        #expect(lines.texts.count == 1)
        let isOrderly = session.powerOff(graceSeconds: 10)
        #expect(isOrderly)
    }

    @Test("one that never says that it serves is given up after its time")
    func silent() throws {
        let script = Script(Self.untilPowerOff)
        defer { script.remove() }
        var session = try session(script, port: ServerPort(0))
        #expect(throws: SessionError.notReadyInTime(seconds: 1)) { _ = try session.waitUntilReady(timeoutSeconds: 1) }
    }

    @Test(
        "an end before it serves is told by its kind",
        arguments: [
            ("exit 33", SessionError.guestEndedEarly), ("exit 35", .guestPanicked),
            ("exit 1", .vmmFailed(status: 1)),
            ("kill -9 $$", .vmmFailed(status: 137)),
        ])
    func early(end: String, error: SessionError) throws {
        let script = Script(end)
        defer { script.remove() }
        var session = try session(script, port: ServerPort(0))
        #expect(throws: error) { _ = try session.waitUntilReady(timeoutSeconds: 10) }
    }

    @Test("a machine that becomes ready while it is to end still gets the time to end in good order")
    func endWhileStarting() throws {
        let script = Script(
            """
            read command; printf '\\036ready us=100000\\n'; sleep 0.1
            [ "$command" = "$(printf '\\036poweroff')" ] && exit 33
            """)
        defer { script.remove() }
        var session = try session(script, port: ServerPort(0))
        let isOrderly = session.powerOff(graceSeconds: 10)
        #expect(isOrderly)
    }

    @Test("one that does not end is ended, and that is told")
    func stubborn() throws {
        let script = Script("while :; do sleep 0.05; done")
        defer { script.remove() }
        var session = try session(script, port: ServerPort(0))
        let isOrderly = session.powerOff(graceSeconds: 0)
        #expect(!isOrderly)
    }

    @Test("a monitor that binds for itself finds its port free")
    func ownBinding() throws {
        let port = try ServerPort(0)
        let number = port.number
        let script = Script(Self.untilPowerOff)
        defer { script.remove() }
        var session = try session(script, monitor: .qemu, port: port)
        let other = try ServerPort(number)
        #expect(other.number == number)
        let isOrderly = session.powerOff(graceSeconds: 10)
        #expect(isOrderly)
    }

    // MARK: - A monitor that was started in advance

    /// Takes the place of a snapshot: as little as passes for one.
    private final class SavedMachine {
        let path: String

        init() throws {
            var template = Array("/tmp/hexa-snapshot-XXXXXX".utf8CString)
            path = String(cString: try #require(mkdtemp(&template)))
            let id = SnapshotID.random()
            let manifest = SnapshotManifest(
                id: id, modelName: "tiny", processorCount: 1, memoryMiB: 16, vsockContext: 3, processor: Fingerprint(),
                disks: [], mappedFiles: [])
            let text = FileDescriptor(owning: open("\(path)/snapshot.json", O_CREAT | O_WRONLY, 0o600))
            text.write(manifest.json.serialized())
            let memory = try MachineMemory(AddressLayout(memoryMiB: 16))
            MemoryMark(id: id, entry: 0).write(to: memory)
            let file = FileDescriptor(owning: open("\(path)/memory", O_CREAT | O_RDWR, 0o600))
            try #require(ftruncate(file.number, 16 << 20) == 0)
            try memory.save(to: file.number)
        }

        deinit {
            for name in ["snapshot.json", "memory"] { unlink("\(path)/\(name)") }
            rmdir(path)
        }

        func machine(at port: borrowing ServerPort) throws -> MachineConfiguration {
            MachineConfiguration(restoring: try Snapshot(in: path), hostPort: port.number, apiKey: nil)
        }
    }

    /// Says how it was called, and serves when it is to run the machine saved in `directory`.
    private static func preparingScript(_ directory: String) -> String {
        "echo \"called with $1\"; grep -q '\(directory)' <&3 && printf '\\036ready us=1000\\n'; \(untilPowerOff)"
    }

    @Test("a monitor that prepares the machine already runs it, at the port that it was given meanwhile")
    func headStart() throws {
        let saved = try SavedMachine()
        let script = Script(Self.preparingScript(saved.path))
        let lines = Lines()
        defer { script.remove() }
        let headStart = try MonitorHeadStart(preparing: saved.path, monitorPath: script.path)
        let port = try headStart.takePort(0)
        let number = port.number
        let machine = try saved.machine(at: port)
        var session = try GuestSession(
            starting: machine, at: port, monitorPath: "/nonexistent", headStart: headStart
        ) { lines.texts.append($0.text) }
        let readiness = try session.waitUntilReady(timeoutSeconds: 10)
        #expect(readiness == .ready)
        #expect(lines.texts.first == "called with --prepare")
        // Nobody here has the socket any more, and the script listens on it.
        #expect(throws: PortError.taken(port: number)) { _ = try ServerPort(number).number }
        let isOrderly = session.powerOff(graceSeconds: 10)
        #expect(isOrderly)
    }

    @Test("a monitor that prepares another machine goes, and the right one is started")
    func wrongHeadStart() throws {
        let saved = try SavedMachine()
        let other = try SavedMachine()
        let script = Script(Self.preparingScript(saved.path))
        let lines = Lines()
        defer { script.remove() }
        let headStart = try MonitorHeadStart(preparing: other.path, monitorPath: script.path)
        let process = headStart.monitor.process.identifier
        let port = try ServerPort(0)
        let machine = try saved.machine(at: port)
        var session = try GuestSession(
            starting: machine, at: port, monitorPath: script.path, headStart: headStart
        ) { lines.texts.append($0.text) }
        #expect(kill(process, 0) == -1 && errno == ESRCH)
        let readiness = try session.waitUntilReady(timeoutSeconds: 10)
        #expect(readiness == .ready)
        #expect(lines.texts.first == "called with --config-file")
        let isOrderly = session.powerOff(graceSeconds: 10)
        #expect(isOrderly)
    }
}
