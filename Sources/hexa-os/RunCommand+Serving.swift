import ArgumentParser
import JSON
import Launcher
import MonotonicTime
import Reporting

extension RunCommand {
    /// How long the kernel gets to power off before QEMU is killed; it gives answers under way ten seconds to finish.
    private static let powerOffGraceSeconds = 15

    /// Boots, answers the first prompt, serves, powers off.
    func serve(_ plan: Plan, started: Instant) throws {
        let machine = plan.machine
        let conditions = "\(machine.accelerator.rawValue), \(machine.memoryMiB) MiB"
        Terminal.progress("booting \(machine.modelName) (\(conditions)) ...")
        let filter = ConsoleFilter(showsEverything: verbose)
        var session = try GuestSession(starting: machine, emulatorPath: plan.emulatorPath) { line in
            if filter.shows(line) { Terminal.note(line.text) }
        }
        let timeout = bootTimeout ?? (machine.accelerator == .kvm ? 30 : 300)
        var goesOn = try session.waitUntilReady(timeoutSeconds: timeout) == .ready
        if goesOn { announce(machine, bootTime: HostClock.now - started) }
        if goesOn, let prompt { goesOn = try answer(prompt, &session) }
        if goesOn && !once {
            Terminal.note("press Ctrl-C to stop")
            try session.serveUntilInterrupted()
        }
        Terminal.progress("powering off ...")
        if session.powerOff(graceSeconds: Self.powerOffGraceSeconds) {
            Terminal.note("powered off")
        } else {
            Terminal.warn("the kernel did not power off within \(Self.powerOffGraceSeconds) s: QEMU was ended")
        }
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
        emit(["event": "ready", "url": .string(JSONString(url)), "model": .string(JSONString(machine.modelName)),
              "accelerator": .string(JSONString(machine.accelerator.rawValue)),
              "boot_seconds": .number(.double(bootTime.seconds))])
    }

    /// Prints the answer to `prompt`; false when a signal cut it off.
    private func answer(_ prompt: String, _ session: inout GuestSession) throws(LaunchError) -> Bool {
        var whole: [UInt8] = []
        let isComplete = try session.ask(prompt, tokenCountMax: maxTokens) { text in
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
