import GuestInterface
import HostSystem
import Net
import Virtio

extension VirtualMachine {
    func addDevices(_ description: MachineDescription, _ output: ConsoleOutput) throws(VMMError) {
        try add(EntropyModel())
        // A line costs one exit here, and one a byte on the serial port. The lock is the device's when it is called.
        try add(ConsoleModel { output.write($0.span) })
        for path in description.diskPaths {
            try add(BlockModel(InputFile(path)))
        }
        for interface in description.networkInterfaces { try add(interface) }
        if let context = description.vsockContext {
            guard context > VsockAddress.hostContext, context < UInt64(UInt32.max) else {
                throw .configuration(field: "guest_cid", reason: "must be within 3 and 4294967294")
            }
            let model = SocketModel(guestContext: context)
            let slot = try add(model)
            forwarder = try makeForwarder(description, model, slot)
        }
        for file in foundation.mappedFiles {
            try add(PersistentMemoryModel(address: file.address, byteCount: file.memory.count))
        }
    }

    /// Lets the first signal ask the guest to power off, and the second end the machine.
    public func endOnSignal(_ signals: borrowing SignalInbox) throws(VMMError) {
        let (bus, number) = (bus, signals.descriptor.number)
        var wasAsked = false
        try loop.watch(number, for: .reading) { _ in
            guard SignalInbox.takeOne(from: number) else { return }
            if wasAsked { bus.end(.stopped) } else { bus.type(HostRequest.powerOff.encode()) }
            wasAsked = true
        }
    }

    private func add(_ interface: MachineDescription.NetworkInterface) throws(VMMError) {
        let model = NetworkModel(try TapInterface.open(interface.hostName), macAddress: interface.macAddress)
        let slot = try add(model)
        let (bus, loop, number) = (bus, loop, model.descriptor)
        model.onListening = { [unowned loop] in loop.change(number, to: $0 ? .reading : []) }
        try loop.watch(number, for: []) { readiness in
            // The interface has been taken away.
            if !readiness.isDisjoint(with: [.broken, .finished]) { return loop.forget(number) }
            bus.serve(slot)
            // Frames for a driver that is not there are left to the interface, which drops them in the end.
            bus.withLock { _ in
                if !slot.transport.isRunning { model.pause() }
            }
        }
    }

    private func makeForwarder(
        _ description: MachineDescription, _ model: SocketModel, _ slot: DeviceBus.Slot
    ) throws(VMMError) -> PortForwarder? {
        var listeners: [HostListener] = []
        if let forwarding = description.forwarding {
            let descriptor = FileDescriptor(owning: forwarding.listenerDescriptor)
            listeners.append(HostListener(descriptor, to: .port(forwarding.guestPort)))
        }
        if let path = description.vsockSocketPath { listeners.append(try HostListener(unixSocket: path)) }
        guard !listeners.isEmpty else { return nil }
        let bus = bus
        return PortForwarder(listeners, model: model, loop: loop) { body in
            bus.withLock { _ in body() }
            slot.notification.signal()
        }
    }

    /// Puts a device on the bus: its interrupt line and its notifications become events.
    @discardableResult
    func add(_ model: any DeviceModel) throws(VMMError) -> DeviceBus.Slot {
        let slot = try bus.add(model, memory: memory)
        try foundation.machine.connect(slot.interrupt, toInterruptLine: slot.line)
        let notify = slot.address + UInt64(MMIORegister.queueNotify)
        for queue in model.queueSizes.indices {
            try foundation.machine.connect(slot.notification, toWriteOf: UInt32(queue), at: notify)
        }
        // All other registers: a driver that is interested in what a write has changed reads that, or notifies.
        try foundation.machine.coalesceWrites(to: slot.address..<notify)
        try foundation.machine.coalesceWrites(to: notify + 4..<slot.address + UInt64(MMIORegister.configuration))
        let bus = bus
        try loop.watch(slot.notification.number, for: .reading) { _ in
            slot.notification.clear()
            bus.serve(slot)
        }
        return slot
    }

    /// The console is the serial port: its output goes to `descriptor` as the reader takes it.
    func connectConsole(_ descriptor: Int32) throws(VMMError) {
        try foundation.machine.connect(bus.serialInterrupt, toInterruptLine: SerialPort.interruptLine)
        let (bus, loop) = (bus, loop)
        // Watched for nothing until there is a backlog, which a regular file never has.
        _ = try loop.watchIfPossible(descriptor, for: []) { _ in bus.withLock { $0.output.resume() } }
        bus.withLock { $0.output.onBacklog = { loop.change(descriptor, to: $0 ? .writing : []) } }
    }

    /// Types what arrives on `descriptor`, which is non-blocking and stays the caller's, on the guest's console, until
    /// its end. A regular file, `/dev/null` for one, types nothing.
    public func connectConsoleInput(_ descriptor: borrowing FileDescriptor) throws(VMMError) {
        let (bus, loop, number) = (bus, loop, descriptor.number)
        _ = try loop.watchIfPossible(number, for: .reading) { _ in
            switch FileDescriptor.read(number) {
            case .some(let bytes) where bytes.isEmpty: loop.forget(number)
            case .some(let bytes): bus.type(bytes)
            case .none: break
            }
        }
    }
}
