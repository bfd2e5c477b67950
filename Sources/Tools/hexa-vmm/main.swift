// hexa-vmm: one virtual machine in one process, as `hexa-os run` starts it, or a person.
//
//     hexa-vmm [--prepare SNAPSHOT] --config-file FILE
//
// With --prepare it makes what it can of the machine that was saved in the directory SNAPSHOT before it reads FILE,
// which may be a pipe that nobody has written to yet. Where FILE turns out to be of another machine that was for
// nothing; where it is empty nobody wants a machine.
//
// The console is standard input and output. The exit status is what the guest writes to its exit port, as QEMU's
// isa-debug-exit has it (`ExitStatus`). SIGINT, SIGTERM and SIGHUP ask the guest to power off; a second one does not
// wait for it. A guest that was suspended has its memory written before the end.
import Glibc
import GuestInterface
import HostSystem
import VMM

/// Ends the process after one line that says why.
func fail(_ message: String, status: Int32) -> Never {
    FileDescriptor.write(Array("hexa-vmm: \(message)\n".utf8), to: STDERR_FILENO)
    exit(status)
}

/// What the command line says.
struct Arguments {
    let configurationPath: String
    let preparedSnapshot: String?

    init() {
        var rest = CommandLine.arguments.dropFirst()
        preparedSnapshot = Self.take("--prepare", from: &rest)
        guard let path = Self.take("--config-file", from: &rest), rest.isEmpty else {
            fail("usage: hexa-vmm [--prepare SNAPSHOT] --config-file FILE", status: 64)
        }
        configurationPath = path
    }

    /// The value of option `name` if it comes next.
    private static func take(_ name: String, from arguments: inout ArraySlice<String>) -> String? {
        guard arguments.count >= 2, arguments.first == name else { return nil }
        defer { arguments = arguments.dropFirst(2) }
        return arguments.dropFirst().first
    }
}

func readDescription(_ arguments: Arguments) -> MachineDescription {
    let path = arguments.configurationPath
    let file = FileDescriptor(owning: open(path, O_RDONLY | O_CLOEXEC))
    guard file.number >= 0 else { fail("cannot read \(path): \(errorText(errno))", status: 66) }
    let text = file.readAll()
    if text.isEmpty, arguments.preparedSnapshot != nil { exit(0) }
    do throws(ConfigurationProblem) {
        return try MachineDescription(json: text)
    } catch {
        fail(error.description, status: 65)
    }
}

/// What is to be prepared; nil as well where that fails, which is told of the machine itself if it is wanted.
func prepare(_ arguments: Arguments) -> MachineFoundation? {
    guard let directory = arguments.preparedSnapshot else { return nil }
    do throws(VMMError) {
        return try MachineFoundation(savedIn: directory)
    } catch {
        return nil
    }
}

func run(
    _ description: MachineDescription, on foundation: consuming MachineFoundation?
) throws(VMMError) -> MachineEnding {
    let signals = SignalInbox()
    let input = FileDescriptor(owning: STDIN_FILENO)
    let output = FileDescriptor(owning: STDOUT_FILENO)
    input.setNonBlocking()
    output.setNonBlocking()
    let machine = try VirtualMachine(description, on: foundation, consoleOutput: output.number)
    try machine.connectConsoleInput(input)
    try machine.endOnSignal(signals)
    let ending = try machine.run(confined: true)
    if ending == .suspended { try machine.saveMemory() }
    return ending
}

do throws(VMMError) {
    let arguments = Arguments()
    let foundation = prepare(arguments)
    switch try run(readDescription(arguments), on: foundation) {
    case .exited(let status): exit(ExitStatus.processStatus(ofValue: status))
    case .suspended: exit(ExitStatus.suspended.processStatus)
    case .reset: fail("the guest reset itself", status: 70)
    case .failed(let reason): fail(reason, status: 71)
    case .stopped: fail("stopped before the guest had powered off", status: 70)
    }
} catch {
    fail(error.description, status: 71)
}
