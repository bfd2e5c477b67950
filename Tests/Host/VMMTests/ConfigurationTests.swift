import JSON
import Testing

@testable import VMM

@Suite("The configuration of a machine")
struct ConfigurationTests {
    private func problem(_ text: String) -> String? {
        do throws(ConfigurationProblem) {
            _ = try MachineDescription(json: Array(text.utf8))
            return nil
        } catch {
            return error.description
        }
    }

    private func file(_ more: String = "", machine: String = #""vcpu_count": 1, "mem_size_mib": 64"#) -> String {
        #"{"boot-source": {"kernel_image_path": "/k", "boot_args": "a=b"}, "machine-config": {\#(machine)}\#(more)}"#
    }

    @Test("A written configuration reads back as itself")
    func whatIsWrittenIsReadBack() throws {
        var description = MachineDescription(kernelPath: "/k", commandLine: "a=b", processorCount: 2, memoryMiB: 64)
        description.diskPaths = ["/d"]
        description.mappedFilePaths = ["/m", "/n"]
        description.vsockContext = 3
        description.forwarding = .init(listenerDescriptor: 4, guestPort: 80)
        description.metricsPath = "/dev/fd/5"
        description.networkInterfaces = [
            .init(hostName: "tap0", macAddress: [6, 0, 0xac, 0x10, 0, 2]), .init(hostName: "tap1"),
        ]
        description.vsockSocketPath = "v.sock"
        #expect(try MachineDescription(json: description.json.serialized()) == description)
    }

    @Test("A machine started from a snapshot names no kernel")
    func aMachineOfASnapshotHasNoKernel() throws {
        let description = MachineDescription(start: .snapshot(directory: "/s"), processorCount: 1, memoryMiB: 64)
        #expect(try MachineDescription(json: description.json.serialized()) == description)
    }

    @Test("A machine that can be saved reads back as itself")
    func aMachineThatCanBeSavedIsReadBack() throws {
        var description = MachineDescription(kernelPath: "/k", commandLine: "", memoryMiB: 64)
        description.saving = .init(descriptor: 5, id: SnapshotID(high: 1, low: .max))
        #expect(try MachineDescription(json: description.json.serialized()) == description)
        #expect(
            problem(file(#", "snapshot": {"save_descriptor": 5, "id": "1"}"#))
                == "configuration: snapshot.id must be 32 hexadecimal digits")
        #expect(
            problem(file(#", "snapshot": {"restore_from": "/s", "id": "1"}"#))
                == "configuration: snapshot.id is unknown")
        #expect(problem(file(#", "snapshot": {"restore_from": "/s"}"#)) == "configuration: boot-source is unknown")
    }

    @Test("A kernel and memory are enough")
    func theLeastIsEnough() throws {
        let description = try MachineDescription(json: Array(file().utf8))
        #expect(description == MachineDescription(kernelPath: "/k", commandLine: "a=b", memoryMiB: 64))
    }

    @Test("Firecracker's configuration of a machine is understood")
    func whatFirecrackerSaysOfAMachineIsUnderstood() throws {
        let machine = #""vcpu_count": 1, "mem_size_mib": 64, "smt": false, "huge_pages": "2M""#
        let more = #", "vsock": {"guest_cid": 3, "uds_path": "v.sock"}, "entropy": {}, "drives": []"#
        let description = try MachineDescription(json: Array(file(more, machine: machine).utf8))
        #expect(description.vsockContext == 3 && description.vsockSocketPath == "v.sock")
        #expect(description.memoryMiB == 64)
    }

    @Test("An error names the field")
    func problemsNameTheField() {
        #expect(problem("[]") == "configuration: must be an object")
        #expect(problem("{}") == "configuration: boot-source is missing")
        #expect(problem(file(#", "logger": {}"#)) == "configuration: logger is unknown")
        #expect(
            problem(file(machine: #""vcpu_count": 0, "mem_size_mib": 64"#))
                == "configuration: machine-config.vcpu_count must be an integer from 1 to 64")
        #expect(problem(file(machine: #""vcpu_count": 1"#)) == "configuration: machine-config.mem_size_mib is missing")
        #expect(
            problem(file(machine: #""vcpu_count": 1, "mem_size_mib": 64, "cpu_template": "T2""#))
                == "configuration: machine-config.cpu_template is unknown")
        #expect(
            problem(file(machine: #""vcpu_count": 1, "mem_size_mib": 64, "smt": 1"#))
                == "configuration: machine-config.smt must be true or false")
        #expect(
            problem(file(machine: #""vcpu_count": 1, "mem_size_mib": 64, "huge_pages": "1G""#))
                == "configuration: machine-config.huge_pages must be None or 2M")
        #expect(
            problem(file(#", "drives": [{"drive_id": "a", "path_on_host": "/d"}]"#))
                == "configuration: drives[0].is_read_only must be true: disks are only read")
        #expect(problem(file(#", "pmem": [3]"#)) == "configuration: pmem[0] must be an object")
        #expect(
            problem(file(#", "network-interfaces": [{"iface_id": "eth0"}]"#))
                == "configuration: network-interfaces[0].host_dev_name is missing")
        let wrong = ["06:00:ac:10:00", "06:00:ac:10:00:0g", "6:0:ac:10:0:2", "01:00:ac:10:00:02", "00:00:00:00:00:00"]
        for address in wrong {
            let interface = #"{"iface_id": "e", "host_dev_name": "t", "guest_mac": "\#(address)"}"#
            #expect(problem(file(#", "network-interfaces": [\#(interface)]"#))?.contains("guest_mac") == true)
        }
        #expect(problem(file(#", "metrics": {}"#)) == "configuration: metrics.metrics_path is missing")
        #expect(
            problem(file(#", "vsock": {"guest_cid": 2}"#))
                == "configuration: vsock.guest_cid must be an integer from 3 to 4294967294")
    }
}
