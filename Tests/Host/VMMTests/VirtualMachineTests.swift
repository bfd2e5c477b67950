import CLinux
import Glibc
import HostSystem
import JSON
import Testing

@testable import VMM

/// Whole machines with guests of a few instructions, where KVM can be used.
@Suite("Virtual machines on KVM", .enabled(if: linux_probe_kvm() == 0))
struct VirtualMachineTests {
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

    @Test("A guest writes to the serial port and exits")
    func guestWritesAndEnds() throws {
        let (ending, output) = try run(put(72) + put(105) + exit(0x10))
        #expect(ending == .exited(status: 0x10))
        #expect(output == Array("Hi".utf8))
    }

    @Test("A guest reads serial input")
    func guestReadsWhatIsTyped() throws {
        // `mov dx, 0x3f8; in al, dx; out dx, al`
        let (ending, output) = try run([0x66, 0xba, 0xf8, 0x03, 0xec, 0xee] + exit(1), input: [65, 66])
        #expect(ending == .exited(status: 1))
        #expect(output == [65])
    }

    @Test("Device registers are where they are announced")
    func deviceRegistersAreWhereTheyAreAnnounced() throws {
        // `mov eax, [0xd0000000]; mov dx, 0x3f8; out dx, al`: the first byte of "virt".
        let (_, output) = try run([0xa1, 0, 0, 0, 0xd0, 0x66, 0xba, 0xf8, 0x03, 0xee] + exit(0))
        #expect(output == Array("v".utf8))
    }

    @Test("A read follows the coalesced writes before it")
    func whatIsReadFollowsWhatWasWritten() throws {
        // `mov eax, VALUE; mov [0xd0000070], eax` for the first bits of the status and, after a reset, for the first;
        // `mov eax, [0xd0000070]; mov dx, 0x3f8; out dx, al`
        func status(_ value: UInt8) -> [UInt8] { [0xb8, value, 0, 0, 0, 0xa3, 0x70, 0, 0, 0xd0] }
        let show: [UInt8] = [0xa1, 0x70, 0, 0, 0xd0, 0x66, 0xba, 0xf8, 0x03, 0xee]
        let code = status(1) + status(3) + show + status(0) + status(1) + show
        #expect(try run(code + exit(0)).1 == [3, 1])
    }

    @Test("A reset through the keyboard controller ends the machine")
    func resetThroughTheKeyboardControllerEnds() throws {
        // `mov al, 0xfe; out 0x64, al`
        #expect(try run([0xb0, 0xfe, 0xe6, 0x64]).0 == .reset)
    }

    @Test("Metrics count the exits of the processors")
    func metricsSayWhatTheProcessorsAskedFor() throws {
        let path = "/tmp/hexa-vmm-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { unlink(path) }
        // `mov eax, [0xd0000000]; mov [0xd0000070], eax`
        let code: [UInt8] = put(72) + put(105) + [0xa1, 0, 0, 0, 0xd0, 0xa3, 0x70, 0, 0, 0xd0] + exit(0x10)
        #expect(try run(code, metricsPath: path).0 == .exited(status: 0x10))
        let file = FileDescriptor(owning: open(path, O_RDONLY))
        let metrics = try JSONValue(parsing: file.readAll())
        // KVM keeps the write, and nobody asks what became of it.
        #expect(metrics["vcpu"] == ["exit_io_in": 0, "exit_io_out": 3, "exit_mmio_read": 1, "exit_mmio_write": 0])
        let exits = try #require(metrics["kvm"]?["exits"]?.intValue)
        #expect(exits >= 4)
    }

    @Test("Metrics that cannot be written are refused")
    func metricsThatCannotBeWrittenAreRefused() throws {
        #expect(throws: VMMError.fileUnwritable(path: "/nowhere/m", errno: ENOENT)) {
            try run(exit(0), metricsPath: "/nowhere/m")
        }
    }

    /// The first time it suspends itself, afterwards it puts out the first byte of what it is handed at its entry.
    private var suspendingCode: [UInt8] {
        // `cmp dword [0x300000], 0; jne +17; mov dword [0x300000], 1`
        [0x83, 0x3d, 0, 0, 0x30, 0, 0, 0x75, 17, 0xc7, 0x05, 0, 0, 0x30, 0, 1, 0, 0, 0] + exit(0x12)
            // `mov al, [ebx]; mov dx, 0x3f8; out dx, al`
            + [0x8a, 0x03, 0x66, 0xba, 0xf8, 0x03, 0xee] + exit(0x10)
    }

    @Test("A suspend without a snapshot directory leaves the machine running")
    func aMachineThatNobodySavesGoesOn() throws {
        let (ending, output) = try run(suspendingCode)
        #expect(ending == .exited(status: 0x10))
        #expect(output == [0x78])
    }

    /// Leaves a snapshot in `directory`, of a machine that goes on to write "H".
    private func save(in directory: TestDirectory) throws -> SnapshotManifest {
        let kernel = try directory.write("kernel", ELFImageTests.kernel(code: suspendingCode))
        let memory = FileDescriptor(owning: open("\(directory.path)/memory", O_CREAT | O_RDWR, 0o600))
        try #require(ftruncate(memory.number, 16 << 20) == 0)
        let null = FileDescriptor(owning: open("/dev/null", O_WRONLY | O_NONBLOCK))
        var description = MachineDescription(kernelPath: kernel, commandLine: "", memoryMiB: 16)
        let id = SnapshotID.random()
        description.saving = .init(descriptor: memory.number, id: id)
        let machine = try VirtualMachine(description, consoleOutput: null.number)
        #expect(try machine.run() == .suspended)
        try machine.saveMemory()
        let manifest = try SnapshotManifest(of: description, modelName: "tiny", id: id)
        _ = try directory.write("snapshot.json", manifest.json.serialized())
        return manifest
    }

    /// Whether `run` has a machine write "H" to its console and end.
    private func goesOn(
        in directory: TestDirectory, _ run: (_ consoleOutput: Int32) throws -> MachineEnding
    ) throws -> Bool {
        let output = FileDescriptor(
            owning: open(try directory.write("output", []), O_RDWR | O_TRUNC))
        guard try run(output.number) == .exited(status: 0x10) else { return false }
        var byte: UInt8 = 0
        return pread(output.number, &byte, 1, 0) == 1 && byte == UInt8(ascii: "H")
    }

    @Test("A suspended machine resumes in any number of others")
    func aSuspendedMachineGoesOnInAnyNumberOfOthers() throws {
        let directory = try TestDirectory()
        let restored = try save(in: directory).machine(restoredFrom: directory.path)
        for _ in 0..<2 {
            let wentOn = try goesOn(in: directory) { try VirtualMachine(restored, consoleOutput: $0).run() }
            #expect(wentOn)
        }
    }

    @Test("A machine prepared in advance is used for its configuration")
    func aFoundationMadeInAdvanceCarriesItsMachine() throws {
        let directory = try TestDirectory()
        var restored = try save(in: directory).machine(restoredFrom: directory.path)
        // Is not known in advance, and makes no difference to what the machine stands on.
        restored.metricsPath = try directory.write("metrics", [])
        var foundation: MachineFoundation? = try MachineFoundation(savedIn: directory.path)
        let memory = foundation?.memory
        let wentOn = try goesOn(in: directory) {
            let machine = try VirtualMachine(restored, on: foundation.take(), consoleOutput: $0)
            #expect(machine.memory === memory)
            return try machine.run()
        }
        #expect(wentOn)
    }

    @Test("A machine prepared for another configuration is not used")
    func aFoundationOfAnotherMachineIsNotUsed() throws {
        let (directory, other) = (try TestDirectory(), try TestDirectory())
        let restored = try save(in: directory).machine(restoredFrom: directory.path)
        _ = try save(in: other)
        var foundation: MachineFoundation? = try MachineFoundation(savedIn: other.path)
        let memory = foundation?.memory
        let wentOn = try goesOn(in: directory) {
            let machine = try VirtualMachine(restored, on: foundation.take(), consoleOutput: $0)
            #expect(machine.memory !== memory)
            return try machine.run()
        }
        #expect(wentOn)
    }

    /// Why a machine is not made of the snapshot in `directory`, which `damage` has been done to.
    private func refusal(_ directory: TestDirectory, of manifest: SnapshotManifest) -> String? {
        let null = FileDescriptor(owning: open("/dev/null", O_WRONLY | O_NONBLOCK))
        do throws(VMMError) {
            _ = try VirtualMachine(manifest.machine(restoredFrom: directory.path), consoleOutput: null.number)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("Memory that does not match the manifest is refused")
    func memoryThatDoesNotBelongToTheManifestIsRefused() throws {
        let directory = try TestDirectory()
        let id = SnapshotID(high: 1, low: 1)
        let description = MachineDescription(kernelPath: "/k", commandLine: "", memoryMiB: 16)
        var manifest = try SnapshotManifest(of: description, modelName: "tiny", id: id)
        _ = try directory.write("snapshot.json", manifest.json.serialized())
        let path = "\(directory.path)/memory"
        #expect(refusal(directory, of: manifest) == "cannot read \(path): No such file or directory")
        _ = try directory.write("memory", [1])
        #expect(refusal(directory, of: manifest) == "\(path): has 1 bytes instead of 16777216")
        #expect(truncate(path, 16 << 20) == 0)
        #expect(refusal(directory, of: manifest) == "\(path): is no machine's memory that was saved")
        let memory = try MachineMemory(AddressLayout(memoryMiB: 16))
        MemoryMark(id: SnapshotID(high: 1, low: 2), entry: 0).write(to: memory)
        let file = FileDescriptor(owning: open(path, O_RDWR))
        try memory.save(to: file.number)
        #expect(
            refusal(directory, of: manifest) == "\(path): belongs to snapshot 00000000000000010000000000000002, "
                + "not to 00000000000000010000000000000001 as snapshot.json says")
        MemoryMark(id: id, entry: 0).write(to: memory)
        try memory.save(to: file.number)
        manifest.processor = Fingerprint()
        _ = try directory.write("snapshot.json", manifest.json.serialized())
        #expect(
            refusal(directory, of: manifest) == "\(directory.path)/snapshot.json: machine-config.processor is that "
                + "of a processor with other features than this one's: make the snapshot anew here")
    }

    @Test("Halted processors do not delay the end")
    func waitingProcessorsDoNotHoldTheEndUp() throws {
        #expect(try run(exit(0x10), processorCount: 3).0 == .exited(status: 0x10))
    }
}
