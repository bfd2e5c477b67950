import KernelCore
import Virtio

/// The devices a VMM announced, brought up: what was found of each kind, in the order of the command line.
///
/// A device that cannot be used is named in the log and left out; whoever needs it says that it is missing.
struct DeviceInventory {
    typealias Registers = VolatileRegisterSpace

    private(set) var network: NetworkDevice<Registers>?
    private(set) var blocks: [BlockDevice<Registers>] = []
    private(set) var socket: SocketDevice<Registers>?
    /// Files that the VMM has mapped into the machine's memory, in the order of their addresses; mapped read-only.
    private(set) var persistentMemories: [PhysicalRange] = []
    /// Kept, since a dropped driver resets its device.
    private var persistentMemoryDevices: [PersistentMemoryDevice<Registers>] = []
    private(set) var entropy: EntropyDevice<Registers>?
    private(set) var console: ConsoleDevice<Registers>?
    /// The vector of the console's interrupt.
    private(set) var consoleVector: UInt8?

    /// The devices in use for as long as the machine runs, each with its driver's memory.
    private var places: [Place] = []

    private struct Place {
        let device: MMIODevice
        let id: DeviceID
        let memory: DMARegion
    }

    /// Brings up each of `devices`, whose registers are mapped, and routes its interrupt to core 0.
    init(_ devices: [MMIODevice]) {
        for device in devices {
            do throws(VirtioInitializationError) {
                try bringUp(device, Self.identify(device))
            } catch .noDevice {
                continue
            } catch {
                Machine.log.warning("virtio: device at \(hexadecimal(device.address)): \(error.description)")
            }
        }
        // VMMs announce devices in no certain order; block devices are named by address, the lowest first.
        blocksByAddress.sort { $0.address < $1.address }
        blocks = blocksByAddress.map { $0.device }
        persistentMemories.sort { $0.start < $1.start }
    }

    /// Brings the console and the socket up again, in the memory that they had, on a machine that knows nothing of
    /// them. Whoever holds the old drivers must have let go of them: a dropped driver resets its device.
    mutating func restart() {
        (console, socket) = (nil, nil)
        let old = places
        places = []
        for place in old {
            do throws(VirtioInitializationError) {
                try bringUp(place.device, place.id, in: place.memory)
            } catch {
                Machine.log.warning("virtio: device at \(hexadecimal(place.device.address)): \(error.description)")
            }
        }
    }

    /// Lets go of the drivers that `restart` makes anew.
    mutating func forgetDrivers() { (console, socket) = (nil, nil) }

    private var blocksByAddress: [(address: UInt64, device: BlockDevice<Registers>)] = []

    private static func identify(_ device: MMIODevice) throws(VirtioInitializationError) -> DeviceID {
        try MMIOTransport.probe(VolatileRegisterSpace(base: UInt(device.address)))
    }

    /// - Parameter memory: what the driver had before; new memory when nil.
    private mutating func bringUp(
        _ device: MMIODevice, _ id: DeviceID, in memory: DMARegion? = nil
    ) throws(VirtioInitializationError) {
        let registers = VolatileRegisterSpace(base: UInt(device.address))
        switch id {
        case .network where network == nil:
            let sizes = Virtio.NetworkConfiguration()
            guard let memory = DeviceMemory.allocate(sizes.requirement) else { return warnOfMemory(id) }
            network = try NetworkDevice(registers: registers, memory: memory, configuration: sizes)
        case .block:
            let sizes = BlockConfiguration()
            guard let memory = DeviceMemory.allocate(sizes.requirement) else { return warnOfMemory(id) }
            let block = try BlockDevice(registers: registers, memory: memory, configuration: sizes)
            blocksByAddress.append((device.address, block))
        case .socket where socket == nil:
            var sizes = SocketConfiguration()
            sizes.isMemoryReused = memory != nil
            guard let memory = memory ?? DeviceMemory.allocate(sizes.requirement) else { return warnOfMemory(id) }
            socket = try SocketDevice(registers: registers, memory: memory, configuration: sizes)
            places.append(Place(device: device, id: id, memory: memory))
        case .persistentMemory:
            let requirement = PersistentMemoryDevice<Registers>.requirement
            guard let memory = DeviceMemory.allocate(requirement) else { return warnOfMemory(id) }
            try map(PersistentMemoryDevice(registers: registers, memory: memory))
        case .entropy where entropy == nil:
            guard let memory = DeviceMemory.allocate(EntropyConfiguration.requirement) else { return warnOfMemory(id) }
            entropy = try EntropyDevice(registers: registers, memory: memory)
        case .console where console == nil:
            var sizes = ConsoleConfiguration()
            sizes.isMemoryReused = memory != nil
            guard let memory = memory ?? DeviceMemory.allocate(sizes.requirement) else { return warnOfMemory(id) }
            console = try ConsoleDevice(registers: registers, memory: memory, configuration: sizes)
            places.append(Place(device: device, id: id, memory: memory))
            consoleVector = UInt8(exactly: device.interrupt).map { IOAPIC.vector(line: $0) }
        default:
            Machine.log.info("virtio: no use for the \(id.description) at \(hexadecimal(device.address))")
            return
        }
        if device.interrupt > UInt32(UInt8.max) || !IOAPIC.route(line: UInt8(device.interrupt)) {
            Machine.log.warning("virtio: \(id.description): there is no interrupt line \(device.interrupt)")
        }
        Machine.log.debug("virtio: \(id.description) at \(hexadecimal(device.address)), line \(device.interrupt)")
    }

    /// Makes a mapped file readable.
    private mutating func map(_ device: PersistentMemoryDevice<Registers>) {
        let range = PhysicalRange(start: device.range.lowerBound, end: device.range.upperBound)
        guard AddressSpace.mapReadOnly(range) else {
            return Machine.log.warning(
                "virtio: persistent memory at \(hexadecimal(range.start)) is not mapped: it overlaps memory, "
                    + "or there are no page tables for \(range.byteCount >> 20) MiB")
        }
        persistentMemories.append(range)
        persistentMemoryDevices.append(device)
    }

    private func warnOfMemory(_ id: DeviceID) {
        Machine.log.warning("virtio: no memory for the \(id.description); give the machine more with --memory")
    }

    private func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}
