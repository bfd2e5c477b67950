import VMM

@testable import Machines

extension MachineConfiguration {
    /// A machine that every test may change in the one respect it is about.
    static func example(apiKey: String? = nil) -> MachineConfiguration {
        MachineConfiguration(
            kernelPath: "/images/kernel.elf", modelPath: "/models/tiny.gguf", modelByteCount: 1_000, modelName: "tiny",
            processorCount: 2, memoryMiB: 512, accelerator: .kvm, hostPort: 8080, apiKey: apiKey,
            startTimeUnixSeconds: 1_700_000_000)
    }
}

extension MachineDescription {
    /// What is booted; empty of a machine that is not.
    var kernelPath: String {
        if case .kernel(let path, _) = start { path } else { "" }
    }

    var commandLine: String {
        if case .kernel(_, let commandLine) = start { commandLine } else { "" }
    }
}
