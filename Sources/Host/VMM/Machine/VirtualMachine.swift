import GuestInterface
import HostSystem

/// A machine: made by `init`, run to its end by `run`. Its devices are served by the thread that calls `run`; each of
/// its processors has a thread of its own.
public final class VirtualMachine {
    let bus: DeviceBus
    let loop: EventLoop
    let foundation: MachineFoundation
    var forwarder: PortForwarder?
    private var processors: [ProcessorThread] = []
    private var metricsFile: OutputFile?
    private let saving: MachineDescription.Saving?

    /// - Parameters:
    ///   - description: what to make.
    ///   - prepared: what was made of it in advance; anything else is not used.
    ///   - consoleOutput: a non-blocking descriptor that takes the guest's console; it stays the caller's.
    public init(
        _ description: MachineDescription, on prepared: consuming MachineFoundation? = nil, consoleOutput: Int32
    ) throws(VMMError) {
        guard (1...VMMLimits.processorCountMax).contains(description.processorCount) else {
            throw .configuration(field: "vcpu_count", reason: "must be within 1 and \(VMMLimits.processorCountMax)")
        }
        foundation = try Self.foundation(of: description, prepared)
        saving = description.saving
        let output = ConsoleOutput(consoleOutput)
        bus = try DeviceBus(output: output, keepsMemory: saving != nil)
        loop = try EventLoop()
        try foundation.machine.addInterruptControllers()
        try connectConsole(consoleOutput)
        try addDevices(description, output)
        if case .kernel(_, let commandLine) = description.start {
            try StartInfo(
                commandLine: ([commandLine] + announcements).joined(separator: " "), usable: memory.layout.usable
            ).write(to: memory)
        }
        let identity = foundation.identity
        for index in 0..<description.processorCount {
            identity.describe(processor: index, of: description.processorCount)
            let processor = try foundation.machine.makeProcessor(index, identity: identity)
            processors.append(ProcessorThread(processor, index: index, bus: bus))
        }
        let coalescedWrites = processors[0].coalescedWrites
        bus.withLock { $0.coalescedWrites = coalescedWrites }
        try processors[0].setEntry(foundation.entry)
        if let path = description.metricsPath {
            metricsFile = try OutputFile(path)
            for processor in processors { processor.openStatistics() }
        }
    }

    private static func foundation(
        of description: MachineDescription, _ prepared: consuming MachineFoundation?
    ) throws(VMMError) -> MachineFoundation {
        if let prepared, prepared.carries(description) { return prepared }
        return try MachineFoundation(description)
    }

    /// Waits until the memory is as the kernel is to find it. The resume block is written over its mark.
    private func completeMemory() throws(VMMError) {
        try foundation.memoryFiller.finish()
        if foundation.isResumed { try ResumeBlock.now().write(to: memory) }
    }

    /// Writes the memory of a machine that was suspended to where its description says.
    public func saveMemory() throws(VMMError) {
        guard let saving else { preconditionFailure("a machine was suspended that nobody wanted to save") }
        MemoryMark(id: saving.id, entry: foundation.entry.entry).write(to: memory)
        try memory.save(to: saving.descriptor)
    }

    var memory: MachineMemory { foundation.memory }

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
        try completeMemory()
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
