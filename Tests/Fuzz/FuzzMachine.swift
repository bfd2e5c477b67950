import CLinux
import Glibc
import HostSystem
import Virtio

@testable import VMM

/// A machine without its processors: all devices on their bus, wired to an event loop as in `VirtualMachine`, and
/// clients of the host that connect to the guest. The guest's memory lies between guard pages: a write beside it ends
/// the process.
final class FuzzMachine {
    let memory: MachineMemory
    let bus: DeviceBus
    let slots: [DeviceBus.Slot]
    private let console: ConsoleModel
    private let consoleOutput: FileDescriptor
    private let consoleReader: FileDescriptor
    /// The other end of the network device's interface.
    private let wire: FileDescriptor
    private let loop: EventLoop
    private let forwarder: PortForwarder
    private let listenerAddresses: [(sockaddr_un, socklen_t)]
    private var clients: [Int32] = []

    /// Memory on both sides of the devices' addresses.
    static let layout = unwrap { () throws(VMMError) in try AddressLayout(memoryMiB: 3 << 10 | 16) }
    private static let clientCountMax = 4
    /// How often a device may say that it has more to do, in a row, before it is taken for one that never ends.
    private static let turnsMax = 2_000

    init() throws(VMMError) {
        memory = try MachineMemory(Self.layout)
        var ends: [Int32] = [0, 0]
        guard linux_pipe(&ends) == 0 else { throw .system(call: "pipe2", errno: errno) }
        consoleReader = FileDescriptor(owning: ends[0])
        consoleOutput = FileDescriptor(owning: ends[1])
        consoleReader.setNonBlocking()
        consoleOutput.setNonBlocking()
        let output = ConsoleOutput(ends[1])
        bus = try DeviceBus(output: output)
        loop = try EventLoop()
        console = ConsoleModel { output.write($0.span) }
        let socket = SocketModel(guestContext: 3)
        let disk = BlockModel(try InputFile("/proc/self/fd/\(Self.diskDescriptor)"))
        var link: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &link) == 0 else {
            throw .system(call: "socketpair", errno: errno)
        }
        wire = FileDescriptor(owning: link[0])
        let network = NetworkModel(FileDescriptor(owning: link[1]), macAddress: [2, 0, 0, 0, 0, 1])
        let models: [any DeviceModel] = [
            EntropyModel(), console, disk, socket,
            PersistentMemoryModel(address: Self.layout.filesStart, byteCount: 4 << 20), network,
        ]
        var slots: [DeviceBus.Slot] = []
        for model in models { slots.append(try bus.add(model, memory: memory)) }
        self.slots = slots
        var addresses: [(sockaddr_un, socklen_t)] = []
        let listeners = [HostListener.Destination.port(80), .namedByClient].map { destination in
            let listener = FileDescriptor(owning: Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
            addresses.append(Self.listen(listener.number))
            return HostListener(listener, to: destination)
        }
        listenerAddresses = addresses
        let bus = bus
        forwarder = PortForwarder(listeners, model: socket, loop: loop) { body in
            bus.withLock { _ in body() }
            slots[3].notification.signal()
        }
        let (loop, number) = (loop, network.descriptor)
        network.onListening = { [unowned loop] in loop.change(number, to: $0 ? .reading : []) }
        try loop.watch(number, for: []) { _ in
            bus.serve(slots[5])
            bus.withLock { _ in
                if !slots[5].transport.isRunning { network.pause() }
            }
        }
        for slot in slots {
            try loop.watch(slot.notification.number, for: .reading) { _ in
                slot.notification.clear()
                bus.serve(slot)
            }
        }
    }

    deinit { for client in clients { close(client) } }

    /// A disk of a few sectors, the last of them cut short, for all machines of this process.
    private static let diskDescriptor: Int32 = {
        var path = Array("/tmp/hexa-fuzz-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        unlink(path)
        FileDescriptor.write((0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }, to: descriptor)
        return descriptor
    }()

    /// Listens under a name that Linux chooses (unix(7), autobind).
    private static func listen(_ socket: Int32) -> (sockaddr_un, socklen_t) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var byteCount = socklen_t(MemoryLayout<sockaddr_un>.size)
        let failed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(socket, generic, socklen_t(MemoryLayout<sa_family_t>.size)) != 0
                    || getsockname(socket, generic, &byteCount) != 0 || Glibc.listen(socket, 8) != 0
            }
        }
        precondition(!failed, "no listener: \(errorText(errno))")
        return (address, byteCount)
    }
}

// MARK: - The host

extension FuzzMachine {
    /// Lets the event loop run until nothing is ready, as the monitor's main thread does.
    func serve() {
        for _ in 0..<Self.turnsMax {
            if !loop.runOnce(timeoutMilliseconds: 0) { return }
            check()
        }
        preconditionFailure("the devices never come to rest")
    }

    /// A device that failed asks for a reset, and whatever it was told it is still there.
    private func check() {
        for slot in slots {
            let status = DeviceStatus(rawValue: readRegister(MMIORegister.status, of: slot))
            precondition((slot.transport.fault != nil) == status.contains(.deviceNeedsReset))
            precondition(readRegister(MMIORegister.magicValue, of: slot) == MMIORegister.magic)
        }
    }

    func type(_ bytes: [UInt8]) {
        bus.type(bytes)
        bus.withLock { _ in console.receive(bytes) }
        slots[1].notification.signal()
    }

    func send(frame: [UInt8]) { _ = Glibc.write(wire.number, frame, frame.count) }

    func readConsole() { _ = consoleReader.read() }

    /// A new client, of the socket with one destination or of the one whose clients name theirs; the first client goes
    /// when there are too many.
    func connectClient(namingPort: Bool) {
        if clients.count == Self.clientCountMax { close(clients.removeFirst()) }
        let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var (address, byteCount) = listenerAddresses[namingPort ? 1 : 0]
        let failed = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(client, generic, byteCount) != 0
            }
        }
        if failed { close(client) } else { clients.append(client) }
    }

    enum ClientAction { case send([UInt8]), read, finish, leave }

    func act(_ action: ClientAction, client index: Int) {
        guard !clients.isEmpty else { return }
        let index = index % clients.count
        switch action {
        case .send(let bytes): _ = Glibc.send(clients[index], bytes, bytes.count, Int32(MSG_NOSIGNAL))
        case .read: _ = FileDescriptor.read(clients[index])
        case .finish: shutdown(clients[index], Int32(SHUT_WR))
        case .leave: close(clients.remove(at: index))
        }
    }
}

// MARK: - The guest

extension FuzzMachine {
    func readRegister(_ offset: Int, of slot: DeviceBus.Slot) -> UInt32 {
        var value: UInt32 = 0
        withUnsafeMutableBytes(of: &value) { bus.readMemory(slot.address + UInt64(offset), into: $0) }
        return value
    }

    func writeRegister(_ offset: Int, of slot: DeviceBus.Slot, _ value: UInt32) {
        withUnsafeBytes(of: value) { bus.writeMemory(slot.address + UInt64(offset), $0) }
    }

    /// Stores what of the bytes lies in the guest's memory.
    func store(_ bytes: [UInt8], at address: UInt64) {
        guard let region = memory.region(at: address, byteCount: UInt64(bytes.count)) else { return }
        region.buffer.copyBytes(from: bytes)
    }

    /// The reset that heals every device, however it was treated.
    func resetAll() {
        for slot in slots {
            writeRegister(MMIORegister.status, of: slot, 0)
            precondition(readRegister(MMIORegister.status, of: slot) == 0, "a reset leaves a status")
            precondition(readRegister(MMIORegister.interruptStatus, of: slot) == 0, "a reset leaves an interrupt")
        }
        serve()
    }
}

/// The value of what cannot fail here but for a host that has run out of something.
func unwrap<Value, Failure: Error>(_ body: () throws(Failure) -> Value) -> Value {
    do {
        return try body()
    } catch {
        fatalError("\(error)")
    }
}
