import Virtio

@testable import VMM

/// The devices of the monitor under a guest and a host that follow the fuzzer's script: accesses to registers, ports
/// and memory of any width, queues that are set up by the rules and then filled with anything, input and clients from
/// outside. Nothing traps, nothing beside the guest's memory is written, each device answers or asks for a reset, which
/// heals it, and the devices come to rest.
func fuzzVMM(_ source: FuzzInput) {
    var script = FuzzScript(input: source, machine: unwrap { () throws(VMMError) in try FuzzMachine() })
    // The cap keeps an input's run short whatever it says.
    for _ in 0..<256 where !script.isOver {
        script.step()
        script.machine.serve()
    }
    script.machine.resetAll()
}

private struct FuzzScript {
    private var input: FuzzInput
    let machine: FuzzMachine

    init(input: FuzzInput, machine: FuzzMachine) {
        self.input = input
        self.machine = machine
    }

    var isOver: Bool { input.isEmpty || machine.bus.isEnding }

    mutating func step() {
        switch input.takeByte() % 16 {
        case 0: writeRegister()
        case 1: writeAnywhere()
        case 2: readAnywhere()
        case 3: writePort()
        case 4: readPort()
        case 5, 6: setUp()
        case 7: machine.store(input.take(Int(input.takeByte())), at: takeAddress())
        case 8, 9, 10: offerChain()
        case 11, 12: sendPacket()
        case 13: typeOrRead()
        default: actAsClient()
        }
    }
}

// MARK: - Accesses

extension FuzzScript {
    private mutating func takeSlot() -> DeviceBus.Slot { machine.slots[Int(input.takeByte()) % machine.slots.count] }

    private mutating func takeUInt64() -> UInt64 { UInt64(input.takeUInt32()) << 32 | UInt64(input.takeUInt32()) }

    /// Mostly a place for buffers; at times an edge of what is memory, or anything.
    private mutating func takeAddress() -> UInt64 {
        let distance = UInt64(input.takeByte())
        let layout = FuzzMachine.layout
        switch input.takeByte() % 16 {
        case 0: return layout.lowByteCount - distance
        case 1: return AddressLayout.highStart - distance
        case 2: return AddressLayout.highStart + distance
        case 3: return AddressLayout.highStart + layout.highByteCount - distance
        case 4: return layout.filesStart + distance
        case 5: return AddressLayout.deviceRegisters + distance * 16
        case 6: return distance
        case 7: return UInt64(input.takeUInt32())
        case 8: return takeUInt64()
        case 9: return UInt64.max - distance
        default: return Self.buffers + distance * 4_096
        }
    }

    private mutating func writeRegister() {
        let slot = takeSlot()
        machine.writeRegister(Int(input.takeByte() % 64) * 4, of: slot, input.takeUInt32())
    }

    private mutating func takeDeviceAddress() -> UInt64 {
        let pages = UInt64(machine.slots.count + 1)
        return AddressLayout.deviceRegisters - 8 + UInt64(input.takeUInt16()) % (pages * 4_096)
    }

    private mutating func writeAnywhere() {
        let address = takeDeviceAddress()
        let bytes = input.take(1 + Int(input.takeByte() % 8))
        bytes.withUnsafeBytes { machine.bus.writeMemory(address, $0) }
    }

    private mutating func readAnywhere() {
        let address = takeDeviceAddress()
        var bytes = [UInt8](repeating: 0, count: 1 + Int(input.takeByte() % 8))
        bytes.withUnsafeMutableBytes { machine.bus.readMemory(address, into: $0) }
    }

    private mutating func takePort() -> UInt16 {
        let value = input.takeByte()
        switch value % 16 {
        case 0: return 0xf4
        case 1: return 0x64
        case 2: return input.takeUInt16()
        default: return 0x3f8 + UInt16(value % 8)
        }
    }

    private mutating func writePort() {
        let (port, width) = (takePort(), 1 << Int(input.takeByte() % 3))
        // String instructions write several at once.
        let bytes = input.take(width * (1 + Int(input.takeByte() % 4)))
        guard bytes.count % width == 0, !bytes.isEmpty else { return }
        let goesOn = bytes.withUnsafeBytes { machine.bus.writePort(port, width: width, $0) }
        precondition(goesOn == !machine.bus.isEnding, "the machine's end and the answer differ")
    }

    private mutating func readPort() {
        var bytes = [UInt8](repeating: 0, count: 1 << Int(input.takeByte() % 3))
        let port = takePort()
        bytes.withUnsafeMutableBytes { machine.bus.readPort(port, into: $0) }
    }

    private mutating func typeOrRead() {
        let count = Int(input.takeByte())
        switch count {
        case 0: machine.readConsole()
        case 1..<128: machine.type(input.take(count))
        default: machine.send(frame: input.take(count * 8))
        }
    }

    private mutating func actAsClient() {
        let client = Int(input.takeByte())
        switch input.takeByte() % 8 {
        case 0, 1: machine.connectClient(namingPort: false)
        case 2: machine.connectClient(namingPort: true)
        case 3: machine.act(.finish, client: client)
        case 4: machine.act(.leave, client: client)
        case 5: machine.act(.read, client: client)
        default:
            // As much as makes streams run out of credit.
            let piece = input.take(Int(input.takeByte()))
            let times = 1 + Int(input.takeByte())
            machine.act(.send(Array((0..<times).map { _ in piece }.joined())), client: client)
        }
    }
}

// MARK: - Queues

extension FuzzScript {
    /// Where the queues lie, 16 KiB for each, and where buffers mostly do.
    private static let queues: UInt64 = 2 << 20
    private static let buffers: UInt64 = 4 << 20
    private static let ringOffsets = (available: UInt64(4_096), used: UInt64(8_192))

    private func base(of queue: Int, _ slot: DeviceBus.Slot) -> UInt64 {
        Self.queues + UInt64(Int(slot.line) * 4 + queue) * (16 << 10)
    }

    /// Starts a device as a driver does.
    private mutating func setUp() {
        let slot = takeSlot()
        let choices = input.takeByte()
        machine.writeRegister(MMIORegister.status, of: slot, 0)
        machine.writeRegister(MMIORegister.driverFeaturesSelect, of: slot, 1)
        machine.writeRegister(MMIORegister.driverFeatures, of: slot, 1)
        machine.writeRegister(MMIORegister.driverFeaturesSelect, of: slot, 0)
        machine.writeRegister(MMIORegister.driverFeatures, of: slot, UInt32(choices & 3) << 28)
        machine.writeRegister(MMIORegister.status, of: slot, 0b1011)
        for queue in slot.transport.model.queueSizes.indices {
            let base = base(of: queue, slot)
            // Fresh rings.
            machine.store([UInt8](repeating: 0, count: 16 << 10), at: base)
            machine.writeRegister(MMIORegister.queueSelect, of: slot, UInt32(queue))
            machine.writeRegister(MMIORegister.queueSize, of: slot, Self.size(choices))
            machine.writeRegister(MMIORegister.queueDescriptorLow, of: slot, UInt32(base))
            machine.writeRegister(MMIORegister.queueDriverLow, of: slot, UInt32(base + Self.ringOffsets.available))
            machine.writeRegister(MMIORegister.queueDeviceLow, of: slot, UInt32(base + Self.ringOffsets.used))
            machine.writeRegister(MMIORegister.queueReady, of: slot, 1)
        }
        machine.writeRegister(MMIORegister.status, of: slot, 0b1111)
    }

    private static func size(_ choices: UInt8) -> UInt32 { 1 << UInt32(choices >> 2 & 3) }

    /// Descriptors, mostly linked one to the next, and one entry more in the available ring.
    private mutating func offerChain() {
        let slot = takeSlot()
        let queue = Int(input.takeByte()) % slot.transport.model.queueSizes.count
        let form = input.takeByte()
        let count = 1 + Int(form & 7)
        let isIndirect = form & 0x40 != 0
        let table = isIndirect ? Self.buffers + 0xf0_0000 : base(of: queue, slot)
        for index in 0..<count {
            var flags: UInt16 = index + 1 < count ? 1 : 0
            let choices = input.takeByte()
            if choices & 1 != 0 { flags |= 2 }
            if choices & 0xf0 == 0xf0 { flags ^= UInt16(input.takeByte()) }
            let address = takeAddress()
            let byteCount = choices & 2 == 0 ? UInt32(choices >> 2) * 16 : input.takeUInt32()
            if choices & 4 != 0 { machine.store(input.take(min(Int(byteCount), 64)), at: address) }
            let next = choices & 0xf0 == 0xe0 ? UInt16(input.takeByte()) : UInt16(index + 1)
            storeDescriptor(table, index, address, byteCount, flags, next: next)
        }
        if isIndirect { storeDescriptor(base(of: queue, slot), 0, table, UInt32(count * 16), 4, next: 0) }
        offer(head: form & 0x80 == 0 ? 0 : UInt16(input.takeByte()), queue, slot)
    }

    private func storeDescriptor(
        _ table: UInt64, _ index: Int, _ address: UInt64, _ byteCount: UInt32, _ flags: UInt16, next: UInt16
    ) {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: address)
        bytes.append(littleEndian: byteCount)
        bytes.append(littleEndian: flags)
        bytes.append(littleEndian: next)
        machine.store(bytes, at: table + UInt64(index * 16))
    }

    /// Puts one entry more into the available ring and tells the device.
    private func offer(head: UInt16, _ queue: Int, _ slot: DeviceBus.Slot) {
        let ring = base(of: queue, slot) + Self.ringOffsets.available
        guard let region = machine.memory.region(at: ring, byteCount: 4_096) else { return }
        let index = region.buffer.load(fromByteOffset: 2, as: UInt16.self)
        machine.writeRegister(MMIORegister.queueSelect, of: slot, UInt32(queue))
        let size = max(1, Int(slot.transport.model.queueSizes[queue]))
        // The size that was set up is a divisor of the largest: the entry is the right one in either ring.
        for entry in stride(from: Int(index) % 8, to: min(size, 64), by: 1) {
            region.buffer.storeBytes(of: head, toByteOffset: 4 + entry * 2, as: UInt16.self)
        }
        region.buffer.storeBytes(of: index &+ 1, toByteOffset: 2, as: UInt16.self)
        machine.writeRegister(MMIORegister.queueNotify, of: slot, UInt32(queue))
    }

    /// A packet of the socket device that mostly names a stream of a client, after a buffer for the answer.
    private mutating func sendPacket() {
        let slot = machine.slots[3]
        let form = input.takeByte()
        if form & 1 != 0 {
            storeDescriptor(base(of: 0, slot), 0, Self.buffers, 44 + UInt32(input.takeByte()) * 16, 2, next: 0)
            offer(head: 0, 0, slot)
        }
        let payload = input.take(Int(input.takeByte()))
        var packet: [UInt8] = []
        packet.append(littleEndian: form & 2 == 0 ? UInt64(3) : takeUInt64())
        packet.append(littleEndian: UInt64(form & 4 == 0 ? 2 : input.takeByte()))
        packet.append(littleEndian: form & 8 == 0 ? UInt32(80) : input.takeUInt32())
        packet.append(littleEndian: 1_024 + UInt32(input.takeByte() % 8))
        packet.append(littleEndian: form & 16 == 0 ? UInt32(payload.count) : input.takeUInt32())
        packet.append(littleEndian: form & 32 == 0 ? UInt16(1) : input.takeUInt16())
        packet.append(littleEndian: UInt16(input.takeByte() % 9))
        packet.append(littleEndian: UInt32(input.takeByte() % 4))
        packet.append(littleEndian: input.takeUInt32())
        packet.append(littleEndian: UInt32(input.takeUInt16()))
        machine.store(packet + payload, at: Self.buffers + 8_192)
        storeDescriptor(base(of: 1, slot), 0, Self.buffers + 8_192, UInt32(44 + payload.count), 0, next: 0)
        offer(head: 0, 1, slot)
    }
}
