import GuestInterface
import HostSystem
import Synchronization
import Virtio

/// Everything of the machine that is neither memory nor processor: the devices, behind the one lock that processors and
/// the event loop share. Registers are touched rarely once a guest runs, so that one lock is enough.
///
/// SAFETY (@unchecked Sendable): all state is reached through `withLock` only.
final class DeviceBus: @unchecked Sendable {
    private let lock = Mutex(())
    private let state: State

    /// What the lock guards.
    final class State {
        var serial = SerialPort()
        let output: ConsoleOutput
        var slots: [Slot] = []
        /// What the guest has written to devices and they do not know yet; once there are processors.
        var coalescedWrites: CoalescedWrites?
        /// What ended the machine; the first ending counts.
        var ending: MachineEnding?

        init(output: ConsoleOutput) { self.output = output }
    }

    /// A device at its place.
    final class Slot {
        let address: UInt64
        let line: UInt32
        let transport: DeviceTransport
        let interrupt: EventDescriptor
        /// Signalled by the guest's notifications, and by ourselves when a device has more to do.
        let notification: EventDescriptor

        init(address: UInt64, line: UInt32, model: any DeviceModel, memory: MachineMemory) throws(VMMError) {
            self.address = address
            self.line = line
            let interrupt = try EventDescriptor()
            let number = interrupt.number
            self.interrupt = interrupt
            notification = try EventDescriptor()
            transport = DeviceTransport(model, memory: memory) { EventDescriptor.signal(number) }
        }
    }

    /// Raises the serial port's interrupt line.
    let serialInterrupt: EventDescriptor
    /// Signalled when processors, whose threads have been started before, may run.
    let begun: EventDescriptor
    /// Signalled when the machine has ended, for the event loop.
    let ended: EventDescriptor

    /// Whether a guest that leaves its memory to be kept is taken at its word.
    private let keepsMemory: Bool

    init(output: ConsoleOutput, keepsMemory: Bool = false) throws(VMMError) {
        self.keepsMemory = keepsMemory
        state = State(output: output)
        serialInterrupt = try EventDescriptor()
        ended = try EventDescriptor()
        begun = try EventDescriptor()
    }

    /// Gives access to what the lock guards, with all that the guest has written carried out.
    func withLock<Result>(_ body: (State) -> Result) -> Result {
        lock.withLock { _ in
            state.coalescedWrites?.takeAll { Self.write($1, at: $0, to: state) }
            return body(state)
        }
    }

    /// The first device's interrupt line: behind those of a PC's own devices.
    static let firstLine: UInt32 = 5

    /// Adds a device before the machine runs, with the next page of registers and the next interrupt line.
    func add(_ model: any DeviceModel, memory: MachineMemory) throws(VMMError) -> Slot {
        let index = UInt64(state.slots.count)
        let slot = try Slot(
            address: AddressLayout.deviceRegisters + index * AddressLayout.deviceRegisterByteCount,
            line: Self.firstLine + UInt32(index), model: model, memory: memory)
        state.slots.append(slot)
        return slot
    }

    /// Whether the machine has come to its end.
    var isEnding: Bool { withLock { $0.ending != nil } }

    /// Records how the machine ended and wakes the event loop.
    func end(_ ending: MachineEnding) {
        withLock { $0.ending = $0.ending ?? ending }
        ended.signal()
    }
}

extension DeviceBus {
    /// Lets a device work; when it has more to do, it is served again after the others had their turn.
    func serve(_ slot: Slot) {
        withLock { _ in
            if slot.transport.serve() { slot.notification.signal() }
        }
    }

    /// Types bytes on the serial line.
    func type(_ bytes: [UInt8]) {
        withLock { state in
            state.serial.receive(bytes)
            if state.serial.wantsInterrupt { serialInterrupt.signal() }
        }
    }
}

// MARK: - Accesses of the guest

extension DeviceBus {
    func readPort(_ port: UInt16, into bytes: UnsafeMutableRawBufferPointer) {
        withLock { state in
            for index in bytes.indices {
                bytes[index] = SerialPort.ports.contains(port) ? state.serial.read(port) : 0xff
            }
        }
    }

    /// - Returns: false when the write ended the machine.
    func writePort(_ port: UInt16, width: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        switch port {
        case SerialPort.ports: withLock { writeSerial($0, port, bytes) }
        case ExitStatus.port:
            var status: UInt32 = 0
            for index in 0..<min(width, ExitStatus.portByteCount) {
                status |= UInt32(bytes[index]) << (8 * UInt32(index))
            }
            guard status != ExitStatus.suspended.rawValue else {
                // Where it is not, the guest goes on.
                if keepsMemory { end(.suspended) }
                return !keepsMemory
            }
            end(.exited(status: status))
            return false
        case ResetLine.port where bytes.first == ResetLine.command:
            end(.reset)
            return false
        default: break
        }
        return true
    }

    private func writeSerial(_ state: State, _ port: UInt16, _ bytes: UnsafeRawBufferPointer) {
        var text: [UInt8] = []
        for byte in bytes {
            if let byte = state.serial.write(byte, to: port) { text.append(byte) }
        }
        if !text.isEmpty {
            // What the guest said on its console before comes first.
            for slot in state.slots where slot.transport.model.id == .console { _ = slot.transport.serve() }
            state.output.write(text.span)
        }
        if state.serial.wantsInterrupt { serialInterrupt.signal() }
    }

    func readMemory(_ address: UInt64, into bytes: UnsafeMutableRawBufferPointer) {
        withLock { state in
            guard let slot = Self.slot(at: address, of: state) else {
                // As an empty bus answers.
                for index in bytes.indices { bytes[index] = 0xff }
                return
            }
            slot.transport.read(at: Int(address - slot.address), into: bytes)
        }
    }

    func writeMemory(_ address: UInt64, _ bytes: UnsafeRawBufferPointer) {
        withLock { Self.write(bytes, at: address, to: $0) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, at address: UInt64, to state: State) {
        guard let slot = slot(at: address, of: state) else { return }
        if slot.transport.write(at: Int(address - slot.address), bytes) { slot.notification.signal() }
    }

    private static func slot(at address: UInt64, of state: State) -> Slot? {
        guard address >= AddressLayout.deviceRegisters else { return nil }
        let index = (address - AddressLayout.deviceRegisters) / AddressLayout.deviceRegisterByteCount
        return index < UInt64(state.slots.count) ? state.slots[Int(index)] : nil
    }
}
