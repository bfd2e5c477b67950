// hexa-vmm: one virtual machine in one process, as `hexa-os run` starts it, or a person.
//
//     hexa-vmm --config-file FILE
//
// The console is standard input and output. The exit status is that of QEMU's isa-debug-exit: `value << 1 | 1` for what
// the guest writes to its exit port, so that 33 is an orderly power-off. SIGINT, SIGTERM and SIGHUP ask the guest to
// power off; a second one does not wait for it. 37 says that the guest was suspended, and its memory written.
import Glibc
import HostSystem
import VMM

/// Ends the process after one line that says why.
func fail(_ message: String, status: Int32) -> Never {
    FileDescriptor.write(Array("hexa-vmm: \(message)\n".utf8), to: STDERR_FILENO)
    exit(status)
}

func readDescription() -> MachineDescription {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, arguments[1] == "--config-file" else {
        fail("usage: hexa-vmm --config-file FILE", status: 64)
    }
    let file = FileDescriptor(owning: open(arguments[2], O_RDONLY | O_CLOEXEC))
    guard file.number >= 0 else { fail("cannot read \(arguments[2]): \(errorText(errno))", status: 66) }
    do throws(ConfigurationProblem) {
        return try MachineDescription(json: file.readAll())
    } catch {
        fail(error.description, status: 65)
    }
}

func run(_ description: MachineDescription) throws(VMMError) -> MachineEnding {
    let signals = SignalInbox()
    let input = FileDescriptor(owning: STDIN_FILENO)
    let output = FileDescriptor(owning: STDOUT_FILENO)
    input.setNonBlocking()
    output.setNonBlocking()
    let machine = try VirtualMachine(description, consoleOutput: output.number)
    try machine.connectConsoleInput(input)
    try machine.endOnSignal(signals)
    let ending = try machine.run(confined: true)
    if ending == .suspended { try machine.saveMemory() }
    return ending
}

do throws(VMMError) {
    switch try run(readDescription()) {
    case .exited(let status): exit(Int32(truncatingIfNeeded: status << 1 | 1))
    case .suspended: exit(37)
    case .reset: fail("the guest reset itself", status: 70)
    case .failed(let reason): fail(reason, status: 71)
    case .stopped: fail("stopped before the guest had powered off", status: 70)
    }
} catch {
    fail(error.description, status: 71)
}
