/// What takes longest to make of a machine: KVM's handle, the memory, which is being filled from here on, and the files
/// that are mapped into it. Devices and processors come on top (`VirtualMachine`).
///
/// A saved machine says by itself what it is founded on, so this can be made before there is a description.
public struct MachineFoundation: ~Copyable {
    /// The machine that stands on it; what it serves, and whom, may still be left out.
    let description: MachineDescription
    /// With all of its memory; interrupt controllers and processors come behind it.
    let machine: KVMMachine
    let memory: MachineMemory
    let memoryFiller: MemoryFiller
    /// How the first processor starts.
    let entry: EntryState
    /// Files in the guest's memory, one behind the other from `memory.layout.filesStart` on.
    let mappedFiles: [MappedFile]
    /// Of the guest's processors.
    let identity: ProcessorIdentity

    /// Of `description`, a machine that boots or was saved.
    init(_ description: MachineDescription) throws(VMMError) {
        switch description.start {
        case .kernel(let path, _):
            try self.init(description) { memory, _ throws(VMMError) in
                let kernel = try KernelFile(path, for: memory.layout)
                let (entry, dataExpected) = (kernel.entry, kernel.dataExpected)
                let filler = try MemoryFiller(memory, from: kernel.file, kernel.pieces, thenTouching: dataExpected)
                return (filler, entry)
            }
        case .snapshot(let directory):
            try self.init(description, Snapshot(opening: directory))
        }
    }

    /// Of the machine that was saved in `directory`.
    public init(savedIn directory: String) throws(VMMError) {
        let snapshot = try Snapshot(opening: directory)
        try self.init(snapshot.manifest.machine(restoredFrom: directory), snapshot)
    }

    private init(_ description: MachineDescription, _ snapshot: Snapshot) throws(VMMError) {
        try self.init(description) { memory, identity throws(VMMError) in
            try snapshot.check(description, on: identity)
            let file = try InputFile(snapshot.memoryPath)
            let pieces = try memory.map(file)
            let filler = try MemoryFiller(memory, from: file, pieces)
            // Takes half a millisecond, which goes by meanwhile.
            try snapshot.checkFiles()
            return (filler, snapshot.entry)
        }
    }

    /// - Parameter fill: begins to fill the memory.
    private init(
        _ description: MachineDescription,
        filledBy fill: (MachineMemory, ProcessorIdentity) throws(VMMError) -> (MemoryFiller, EntryState)
    ) throws(VMMError) {
        let system = try KVMSystem()
        let identity = try system.supportedIdentity()
        let memory = try MachineMemory(AddressLayout(memoryMiB: description.memoryMiB))
        // All mappings come first: a new one waits for every page that the filler is having cleared.
        var mappedFiles: [MappedFile] = []
        var address = memory.layout.filesStart
        for path in description.mappedFilePaths {
            let file = try MappedFile(path, at: address)
            address += UInt64(file.memory.count)
            mappedFiles.append(file)
        }
        let (memoryFiller, entry) = try fill(memory, identity)
        var machine = try system.makeMachine()
        try memory.install(in: &machine)
        for file in mappedFiles { try machine.addMemory(file.memory, at: file.address, isReadOnly: true) }
        self.mappedFiles = mappedFiles
        self.description = description
        self.machine = machine
        self.memory = memory
        self.memoryFiller = memoryFiller
        self.entry = entry
        self.identity = identity
    }

    /// Whether the machine goes on from where it was saved.
    var isResumed: Bool {
        if case .snapshot = description.start { true } else { false }
    }

    /// Whether `machine` stands on it: what it serves and whom does not matter here.
    func carries(_ machine: MachineDescription) -> Bool {
        var machine = machine
        machine.forwarding = description.forwarding
        machine.vsockSocketPath = description.vsockSocketPath
        machine.metricsPath = description.metricsPath
        return machine == description
    }
}
