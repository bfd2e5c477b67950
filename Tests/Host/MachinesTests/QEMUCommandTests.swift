import Testing

@testable import Machines

@Suite("How QEMU is called")
struct QEMUCommandTests {
    private func value(after option: String, in command: QEMUCommand) -> String? {
        command.arguments.firstIndex(of: option).map { command.arguments[$0 + 1] }
    }

    @Test("processors, memory and kernel are the configured ones")
    func machine() throws {
        let command = try QEMUCommand(.example())
        #expect(value(after: "-smp", in: command) == "2")
        #expect(value(after: "-m", in: command) == "512")
        #expect(value(after: "-kernel", in: command) == "/images/kernel.elf")
    }

    @Test("KVM shows the guest the host's processor, TCG all it can translate")
    func accelerators() throws {
        var machine = MachineConfiguration.example()
        #expect(value(after: "-cpu", in: try QEMUCommand(machine)) == "host,-arch-capabilities")
        #expect(value(after: "-M", in: try QEMUCommand(machine))?.contains("accel=kvm") == true)
        machine.accelerator = .tcg
        #expect(value(after: "-cpu", in: try QEMUCommand(machine)) == "max")
        #expect(value(after: "-M", in: try QEMUCommand(machine))?.contains("accel=tcg") == true)
    }

    @Test("without ACPI the devices are announced on the kernel command line")
    func discovery() throws {
        let options = try #require(value(after: "-M", in: try QEMUCommand(.example()))).split(separator: ",")
        #expect(options.contains("acpi=off"))
        #expect(options.contains("auto-kernel-cmdline=on"))
    }

    @Test("the server is reachable on the loopback address only")
    func forwarding() throws {
        let network = try #require(value(after: "-netdev", in: try QEMUCommand(.example())))
        #expect(network.hasSuffix("hostfwd=tcp:127.0.0.1:8080-:80"))
    }

    @Test("the model is attached read-only, and a comma in its path stays part of the path")
    func disk() throws {
        var machine = MachineConfiguration.example()
        machine.modelPath = "/models/a,b.gguf"
        let disk = try #require(value(after: "-blockdev", in: try QEMUCommand(machine)))
        #expect(disk.contains("filename=/models/a,,b.gguf,read-only=on"))
    }

    @Test("an API key appears in no argument: other users can list those")
    func secrets() throws {
        let command = try QEMUCommand(.example(apiKey: "sk-secret"))
        #expect(!command.arguments.contains { $0.contains("sk-secret") })
        #expect(command.configurationFile.contains("hexa.api-key=sk-secret"))
    }

    @Test("printed for a shell, the call stands by itself and every word stays one")
    func printing() throws {
        var machine = MachineConfiguration.example(apiKey: "it's$1")
        machine.modelPath = "/models/two words.gguf"
        let command = try QEMUCommand(machine)
        #expect(command.standaloneArguments.suffix(2).first == "-append")
        #expect(!command.shellLine.contains("/dev/fd/"))
        #expect(command.shellLine.contains("'driver=file,node-name=model,filename=/models/two words.gguf,"))
        #expect(command.shellLine.hasSuffix(#"hexa.api-key=it'\''s$1'"#))
    }

    @Test("QEMU's exit status tells a power-off from a panic and both from QEMU's own failures")
    func endings() {
        #expect(GuestEnding(.exited(status: 33), under: .qemu) == .poweredOff)
        #expect(GuestEnding(.exited(status: 37), under: .hexa) == .suspended)
        #expect(GuestEnding(.exited(status: 35), under: .qemu) == .panicked)
        #expect(GuestEnding(.exited(status: 1), under: .qemu) == .emulatorFailed(status: 1))
        #expect(GuestEnding(.exited(status: 0), under: .qemu) == .emulatorFailed(status: 0))
        #expect(GuestEnding(.exited(status: 0), under: .firecracker) == .poweredOff)
        #expect(GuestEnding(.signalled(number: 9), under: .qemu) == .emulatorFailed(status: 137))
    }
}
