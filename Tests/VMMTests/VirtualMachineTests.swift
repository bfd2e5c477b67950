import CLinux
import Glibc
import HostSystem
import JSON
import Testing

@testable import VMM

/// Whole machines with guests of a few instructions, where KVM can be used.
@Suite(.enabled(if: linux_probe_kvm() == 0)) struct VirtualMachineTests {
    /// Runs `code`, 32-bit and flat, to the machine's end; answers that and what came out of the serial port.
    private func run(
        _ code: [UInt8], processorCount: Int = 1, input: [UInt8] = [], metricsPath: String? = nil
    ) throws -> (MachineEnding, output: [UInt8]) {
        let path = "/tmp/hexa-vmm-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let file = FileDescriptor(owning: open(path, O_CREAT | O_WRONLY, 0o600))
        file.write(ELFImageTests.kernel(code: code))
        defer { unlink(path) }
        var ends: [Int32] = [0, 0]
        try #require(linux_pipe(&ends) == 0)
        let reading = FileDescriptor(owning: ends[0])
        let writing = FileDescriptor(owning: ends[1])
        reading.setNonBlocking()
        writing.setNonBlocking()
        var description = MachineDescription(
            kernelPath: path, commandLine: "", processorCount: processorCount, memoryMiB: 16)
        description.vsockContext = 3
        description.metricsPath = metricsPath
        let machine = try VirtualMachine(description, consoleOutput: writing.number)
        if !input.isEmpty { machine.bus.type(input) }
        let ending = try machine.run()
        return (ending, reading.read() ?? [])
    }

    /// `mov al, byte; mov dx, 0x3f8; out dx, al`
    private func put(_ byte: UInt8) -> [UInt8] { [0xb0, byte, 0x66, 0xba, 0xf8, 0x03, 0xee] }

    /// `mov eax, status; out 0xf4, eax`
    private func exit(_ status: UInt8) -> [UInt8] { [0xb8, status, 0, 0, 0, 0xe7, 0xf4] }

    @Test func guestWritesAndEnds() throws {
        let (ending, output) = try run(put(72) + put(105) + exit(0x10))
        #expect(ending == .exited(status: 0x10))
        #expect(output == Array("Hi".utf8))
    }

    @Test func guestReadsWhatIsTyped() throws {
        // `mov dx, 0x3f8; in al, dx; out dx, al`
        let (ending, output) = try run([0x66, 0xba, 0xf8, 0x03, 0xec, 0xee] + exit(1), input: [65, 66])
        #expect(ending == .exited(status: 1))
        #expect(output == [65])
    }

    @Test func deviceRegistersAreWhereTheyAreAnnounced() throws {
        // `mov eax, [0xd0000000]; mov dx, 0x3f8; out dx, al`: the first byte of "virt".
        let (_, output) = try run([0xa1, 0, 0, 0, 0xd0, 0x66, 0xba, 0xf8, 0x03, 0xee] + exit(0))
        #expect(output == Array("v".utf8))
    }

    @Test func resetThroughTheKeyboardControllerEnds() throws {
        // `mov al, 0xfe; out 0x64, al`
        #expect(try run([0xb0, 0xfe, 0xe6, 0x64]).0 == .reset)
    }

    @Test func metricsSayWhatTheProcessorsAskedFor() throws {
        let path = "/tmp/hexa-vmm-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { unlink(path) }
        // `mov eax, [0xd0000000]; mov [0xd0000070], eax`
        let code: [UInt8] = put(72) + put(105) + [0xa1, 0, 0, 0, 0xd0, 0xa3, 0x70, 0, 0, 0xd0] + exit(0x10)
        #expect(try run(code, metricsPath: path).0 == .exited(status: 0x10))
        let file = FileDescriptor(owning: open(path, O_RDONLY))
        let metrics = try JSONValue(parsing: file.readAll())
        #expect(metrics["vcpu"] == ["exit_io_in": 0, "exit_io_out": 3, "exit_mmio_read": 1, "exit_mmio_write": 1])
        let exits = try #require(metrics["kvm"]?["exits"]?.intValue)
        #expect(exits >= 5)
    }

    @Test func metricsThatCannotBeWrittenAreRefused() throws {
        #expect(throws: VMMError.fileUnwritable(path: "/nowhere/m", errno: ENOENT)) {
            try run(exit(0), metricsPath: "/nowhere/m")
        }
    }

    @Test func waitingProcessorsDoNotHoldTheEndUp() throws {
        #expect(try run(exit(0x10), processorCount: 3).0 == .exited(status: 0x10))
    }
}
