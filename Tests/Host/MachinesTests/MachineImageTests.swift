import Glibc
import HostErrors
import HostFiles
import HostSystem
import JSON
import Testing
import VMM

@testable import Machines

@Suite struct MachineImageTests {
    /// A folder of its own, with a kernel, a model and a law of a few bytes; gone with the test.
    private final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/hexa-image-test-XXXXXX".utf8CString)
            let made = mkdtemp(&template).map { String(cString: $0) }
            path = try #require(made)
            for name in ["k", "m", "l"] { write(name, "\(path)/\(name)") }
        }

        deinit {
            for folder in ["\(path)/image", path] {
                for name in ["k", "m", "l", "hexa-kernel.elf", "model.hxm", "model.gguf", "raw.json", "config.json"] {
                    unlink("\(folder)/\(name)")
                }
                rmdir(folder)
            }
        }

        private func write(_ text: String, _ path: String) {
            FileDescriptor(owning: open(path, O_CREAT | O_WRONLY, 0o644)).write(Array(text.utf8))
        }

        func read(_ name: String) -> String? {
            let file = FileDescriptor(owning: open("\(path)/image/\(name)", O_RDONLY))
            return file.number < 0 ? nil : String(decoding: file.readAll(), as: UTF8.self)
        }
    }

    private func machine(_ folder: Folder, isPacked: Bool = true, processorCount: Int = 2) -> MachineConfiguration {
        var machine = MachineConfiguration(
            kernelPath: "\(folder.path)/k", modelPath: "\(folder.path)/m", modelByteCount: 1, modelName: "m",
            processorCount: processorCount, memoryMiB: 64, accelerator: .kvm, monitor: .hexa, hostPort: 0,
            startTimeUnixSeconds: 0)
        machine.isModelPacked = isPacked
        return machine
    }

    @Test func folderHoldsAllThatItsConfigurationNames() throws {
        let folder = try Folder()
        try MachineImage(machine(folder)).write(
            to: "\(folder.path)/image", linksFiles: false, replacesExisting: false)
        #expect(folder.read("hexa-kernel.elf") == "k" && folder.read("model.hxm") == "m")
        let description = try MachineDescription(json: Array(try #require(folder.read("config.json")).utf8))
        #expect(description.kernelPath == "hexa-kernel.elf" && description.mappedFilePaths == ["model.hxm"])
        #expect(description.vsockSocketPath == "v.sock" && description.forwarding == nil)
        #expect(description.commandLine.contains("hexa.model=pmem0") && !description.commandLine.contains("hexa.ip"))
    }

    @Test func configurationHasNothingThatFirecrackerDoesNotKnow() throws {
        let image = try MachineImage(machine(try Folder(), isPacked: false))
        let object = try #require(image.description.json.objectValue)
        let known = ["boot-source", "machine-config", "drives", "entropy", "vsock"]
        #expect(object.members.map(\.key.text).sorted() == known.sorted())
        #expect(image.description.json["vsock"] == ["guest_cid": 3, "uds_path": "v.sock"])
        #expect(image.description.diskPaths == ["model.gguf"])
    }

    @Test func linksLeaveTheFilesWhereTheyAre() throws {
        let folder = try Folder()
        try MachineImage(machine(folder)).write(to: "\(folder.path)/image", linksFiles: true, replacesExisting: false)
        var status = stat()
        #expect(lstat("\(folder.path)/image/model.hxm", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(folder.read("model.hxm") == "m")
    }

    @Test(arguments: [false, true]) func whatIsThereIsOnlyReplacedWhenThatIsWanted(_ linksFiles: Bool) throws {
        let folder = try Folder()
        let (image, path) = (try MachineImage(machine(folder)), "\(folder.path)/image")
        try image.write(to: path, linksFiles: linksFiles, replacesExisting: false)
        #expect(throws: FileError.exists(path: "\(path)/hexa-kernel.elf")) {
            try image.write(to: path, linksFiles: linksFiles, replacesExisting: false)
        }
        try image.write(to: path, linksFiles: linksFiles, replacesExisting: true)
    }

    @Test func configurationWithAKeyIsForItsOwnerOnly() throws {
        let folder = try Folder()
        var machine = machine(folder)
        machine.apiKey = "sk-1"
        try MachineImage(machine).write(to: "\(folder.path)/image", linksFiles: false, replacesExisting: false)
        var status = stat()
        #expect(stat("\(folder.path)/image/config.json", &status) == 0 && status.st_mode & 0o077 == 0)
    }

    @Test func firecrackerIsGivenTheSameMachineWithItsOwnSocket() throws {
        var machine = machine(try Folder())
        machine.monitor = .firecracker
        let command = try MonitorCommand(machine, socketPath: "/tmp/s/v.sock")
        #expect(command.arguments == ["--no-api", "--config-file", "/dev/fd/3"] && !command.wantsListener)
        let description = try MachineDescription(json: Array(command.configurationFile.utf8))
        #expect(description.vsockSocketPath == "/tmp/s/v.sock" && description.forwarding == nil)
        #expect(description.mappedFilePaths == [machine.modelPath] && description.kernelPath == machine.kernelPath)
    }

    @Test func moreProcessorsThanFirecrackerHasAreRefused() throws {
        let machine = machine(try Folder(), processorCount: 33)
        #expect(throws: UnusableValue(flag: "--cpus", reason: "is at most 32 under Firecracker")) {
            try MachineImage(machine)
        }
    }
}
