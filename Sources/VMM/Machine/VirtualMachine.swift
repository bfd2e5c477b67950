import HostSystem

/// A machine: made by `init`, run to its end by `run`. Its devices are served by the thread that calls `run`; each of
/// its processors has a thread of its own.
public final class VirtualMachine {
    let bus: DeviceBus
    let loop: EventLoop
    var machine: KVMMachine
    let memory: MachineMemory
    /// Files in the guest's memory, from `memory.layout.filesStart` on.
    var mappedFiles: [MappedFile] = []
    var forwarder: PortForwarder?
    private var processors: [ProcessorThread] = []
    private let memoryFiller: MemoryFiller
    /// How the first processor starts.
    private let entry: EntryState
    private var metricsFile: OutputFile?
    private let saving: MachineDescription.Saving?

    /// - Parameters:
    ///   - description: what to make.
    ///   - consoleOutput: a non-blocking descriptor that takes the guest's console; it stays the caller's.
    public init(_ description: MachineDescription, consoleOutput: Int32) throws(VMMError) {
        guard (1...VMMLimits.processorCountMax).contains(description.processorCount) else {
            throw .configuration(field: "vcpu_count", reason: "must be within 1 and \(VMMLimits.processorCountMax)")
        }
        let system = try KVMSystem()
        let identity = try system.supportedIdentity()
        saving = description.saving
        let memory = try MachineMemory(AddressLayout(memoryMiB: description.memoryMiB))
        self.memory = memory
        switch description.start {
        case .kernel(let path, _):
            let kernel = try KernelFile(path, for: memory.layout)
            entry = kernel.entry
            let dataExpected = kernel.dataExpected
            memoryFiller = try MemoryFiller(memory, from: kernel.file, kernel.pieces, thenTouching: dataExpected)
        case .snapshot(let directory):
            let snapshot = try Snapshot(opening: directory)
            try snapshot.check(description, on: identity)
            entry = snapshot.entry
            let file = try InputFile(snapshot.memoryPath)
            let pieces = try memory.map(file)
            memoryFiller = try MemoryFiller(memory, from: file, pieces)
            // Takes half a millisecond, which goes by meanwhile.
            try snapshot.checkFiles()
        }
        machine = try system.makeMachine()
        try memory.install(in: &machine)
        let output = ConsoleOutput(consoleOutput)
        bus = try DeviceBus(output: output, keepsMemory: saving != nil)
        loop = try EventLoop()
        try mapFiles(description.mappedFilePaths)
        try machine.addInterruptControllers()
        try connectConsole(consoleOutput)
        try addDevices(description, output)
        if case .kernel(_, let commandLine) = description.start {
            try StartInfo(
                commandLine: ([commandLine] + announcements).joined(separator: " "), usable: memory.layout.usable
            ).write(to: memory)
        }
        for index in 0..<description.processorCount {
            identity.describe(processor: index, of: description.processorCount)
            let processor = try machine.makeProcessor(index, identity: identity)
            processors.append(ProcessorThread(processor, index: index, bus: bus))
        }
        let coalescedWrites = processors[0].coalescedWrites
        bus.withLock { $0.coalescedWrites = coalescedWrites }
        try processors[0].setEntry(entry)
        try memoryFiller.finish()
        if case .snapshot = description.start { try ResumeBlock.now().write(to: memory) }
        if let path = description.metricsPath {
            metricsFile = try OutputFile(path)
            for processor in processors { processor.openStatistics() }
        }
    }

    /// Writes the memory of a machine that was suspended to where its description says.
    public func saveMemory() throws(VMMError) {
        guard let saving else { preconditionFailure("a machine was suspended that nobody wanted to save") }
        MemoryMark(id: saving.id, entry: entry.entry).write(to: memory)
        try memory.save(to: saving.descriptor)
    }

    /// How the kernel learns of the devices: `virtio_mmio.device=SIZE@ADDRESS:LINE`.
    private var announcements: [String] {
        bus.withLock { state in
            state.slots.map { "virtio_mmio.device=4K@0x\(String($0.address, radix: 16)):\($0.line)" }
        }
    }

    /// Runs the machine until it ends, one way or another.
    ///
    /// - Parameter confined: gives up, for the rest of this process's life, all that the machine does not need.
    public func run(confined: Bool = false) throws(VMMError) -> MachineEnding {
        defer { writeMetrics() }
        return try runToEnd(confined)
    }

    private func runToEnd(_ confined: Bool) throws(VMMError) -> MachineEnding {
        try ProcessorThread.installKick()
        let (bus, loop) = (bus, loop)
        try loop.watch(bus.ended.number, for: .reading) { _ in loop.stop() }
        var started: [ProcessorThread] = []
        defer {
            bus.end(.stopped)
            bus.begun.signal()
            for processor in started { processor.stop() }
        }
        for processor in processors {
            try processor.start()
            started.append(processor)
        }
        if confined { try Confinement.begin() }
        bus.begun.signal()
        loop.run()
        loop.forget(bus.ended.number)
        deliverRest()
        return bus.withLock { $0.ending } ?? .stopped
    }

    /// Ends the machine from outside, at once.
    public func stop() { bus.end(.stopped) }

    private func writeMetrics() {
        guard let metricsFile else { return }
        var metrics = MachineMetrics()
        for processor in processors { processor.add(to: &metrics) }
        metricsFile.descriptor.write(metrics.json.serialized() + [UInt8(ascii: "\n")])
    }

    /// What the guest wrote last is still delivered, within limits.
    private func deliverRest() {
        bus.withLock { state in
            for slot in state.slots { _ = slot.transport.serve() }
        }
        while forwarder?.hasOutput ?? false {
            guard loop.runOnce(timeoutMilliseconds: Self.readerPatienceMilliseconds) else { break }
        }
        bus.withLock { $0.output.drain(timeoutMilliseconds: Self.readerPatienceMilliseconds) }
    }

    /// A reader of the console or of an answer that takes nothing for so long is given up.
    private static let readerPatienceMilliseconds: Int32 = 1_000
}
