import Testing

@testable import Machines

@Suite struct MonitorTests {
    private func machine(isModelPacked: Bool) -> MachineConfiguration {
        var machine = MachineConfiguration(
            kernelPath: "/k", modelPath: "/m", modelByteCount: 1, modelName: "m", processorCount: 1, memoryMiB: 64,
            accelerator: .kvm, monitor: .hexa, hostPort: 8_080, startTimeUnixSeconds: 0)
        machine.isModelPacked = isModelPacked
        return machine
    }

    @Test func ourOwnMonitorRunsWhereThereIsKVM() {
        #expect(Monitor.default(for: .kvm) == .hexa)
        #expect(Monitor.default(for: .tcg) == .qemu)
    }

    @Test func aPackedModelIsMapped() throws {
        let description = try HexaVMMCommand(machine(isModelPacked: true)).description
        #expect(description.mappedFilePaths == ["/m"] && description.diskPaths.isEmpty)
        #expect(description.commandLine.contains("hexa.model=pmem0"))
    }

    @Test func anyOtherIsADisk() throws {
        let description = try HexaVMMCommand(machine(isModelPacked: false)).description
        #expect(description.diskPaths == ["/m"] && description.mappedFilePaths.isEmpty)
        #expect(description.commandLine.contains("hexa.model=vda"))
    }
}
