import ArgumentParser
import Glibc
import GuestInterface
import HostFiles
import HostSystem
import JSON
import Machines
import MonotonicTime
import Reporting

extension RunCommand {
    /// How long the kernel gets to power off before its monitor is killed: more than it gives answers under way.
    private static let powerOffGraceSeconds = HostRequest.drainSeconds + 5

    /// Boots, answers the first prompt, serves, powers off.
    func serve(_ plan: consuming MachinePlan, started: Instant) throws {
        let machine = plan.machine
        let monitorPath = plan.monitorPath
        let conditions = "\(machine.monitor.rawValue), \(machine.accelerator.rawValue), \(machine.memoryMiB) MiB"
        Terminal.progress("\(fromSnapshot == nil ? "booting" : "resuming") \(machine.modelName) (\(conditions)) ...")
        let filter = ConsoleFilter(showsEverything: verbose)
        var boot = BootTimeline(start: started, isResumed: fromSnapshot != nil)
        boot.note(fromSnapshot == nil ? "model and machine checked" : "snapshot checked", now: HostClock.now)
        var session = try GuestSession(
            starting: machine, at: plan.port, monitorPath: monitorPath, headStart: plan.headStart
        ) { line in
            boot.note(line, now: HostClock.now)
            if filter.shows(line) { Terminal.note(line.text) }
        }
        boot.note("monitor started", now: HostClock.now)
        let timeout = options.bootTimeout ?? (machine.accelerator == .kvm ? 30 : 300)
        var goesOn = try session.waitUntilReady(timeoutSeconds: timeout) == .ready
        if goesOn {
            boot.note("ready", now: HostClock.now)
            announce(machine, bootTime: HostClock.now - started)
        }
        if goesOn, let prompt {
            goesOn = try answer(prompt, &session) { boot.note("first token", now: HostClock.now) }
        }
        try writeTimeline(boot)
        if goesOn && !once {
            Terminal.note("press Ctrl-C to stop")
            try session.serveUntilInterrupted()
        }
        Terminal.progress("powering off ...")
        if session.powerOff(graceSeconds: Self.powerOffGraceSeconds) {
            Terminal.note("powered off")
        } else {
            Terminal.warn("the kernel did not power off within \(Self.powerOffGraceSeconds) s: its monitor was ended")
        }
        if stats { show(session.metrics()) }
    }

    func show(_ command: QEMUCommand) {
        let arguments = [QEMUCommand.program] + command.standaloneArguments
        let array = JSONValue.array(arguments.map { .string(JSONString($0)) })
        Terminal.print(json ? String(decoding: array.serialized(), as: UTF8.self) : command.shellLine)
    }

    private func announce(_ machine: MachineConfiguration, bootTime: Interval) {
        let url = "http://127.0.0.1:\(machine.hostPort)/v1"
        let seconds = (bootTime.seconds * 100).rounded() / 100
        Terminal.note("serving at \(url) (model \(machine.modelName), boot \(seconds) s)")
        emit([
            "event": "ready", "url": .string(JSONString(url)), "model": .string(JSONString(machine.modelName)),
            "accelerator": .string(JSONString(machine.accelerator.rawValue)),
            "vmm": .string(JSONString(machine.monitor.rawValue)),
            "boot_seconds": .number(.double(bootTime.seconds)),
        ])
    }

    /// Tells what the machine asked of the host.
    private func show(_ metrics: JSONValue?) {
        guard let accesses = metrics?["vcpu"]?.objectValue, let counters = metrics?["kvm"]?.objectValue else {
            return Terminal.warn("the monitor ended without telling what the machine had asked of the host")
        }
        var event: JSONObject = ["event": "statistics"]
        event.set("vcpu", to: .object(accesses))
        event.set("kvm", to: .object(counters))
        emit(.object(event))
        let handled = accesses.members.reduce(0) { $0 + ($1.value.intValue ?? 0) }
        let exits = counters["exits"]?.intValue.map { "\($0) exits to KVM" } ?? "KVM did not count exits"
        Terminal.note("\(exits); the monitor carried out \(handled) accesses to ports and registers")
    }

    /// Leaves the boot's milestones where `--timeline` asks for them.
    private func writeTimeline(_ boot: BootTimeline) throws(FileError) {
        guard let timeline else { return }
        for (suffix, content) in [("json", boot.json.serialized()), ("svg", Array(boot.svg.utf8))] {
            let path = "\(timeline).\(suffix)"
            let file = FileDescriptor(owning: open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644))
            guard file.number >= 0, file.write(content) else {
                throw .unwritable(path: path, reason: errorText(errno))
            }
        }
    }

    /// Prints the answer to `prompt`; false when a signal cut it off.
    private func answer(
        _ prompt: String, _ session: inout GuestSession, onFirstText: () -> Void
    ) throws(SessionError) -> Bool {
        var whole: [UInt8] = []
        var isFirst = true
        let isComplete = try session.ask(prompt, tokenCountMax: maxTokens) { text in
            if isFirst { onFirstText() }
            isFirst = false
            if json { whole += text } else { Terminal.print(bytes: text) }
        }
        if json {
            emit(["event": "answer", "text": .string(JSONString(String(decoding: whole, as: UTF8.self)))])
        } else {
            Terminal.print("")
        }
        return isComplete
    }

    private func emit(_ event: JSONValue) {
        if json { Terminal.print(String(decoding: event.serialized(), as: UTF8.self)) }
    }
}
