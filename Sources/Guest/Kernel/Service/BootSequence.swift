import ModelFormats
import Boot
import Engine
import GuestInterface
import GuestServer
import KernelCore
import Law
import MonotonicTime
import Net
import Serving
import Tensor
import Transformer
import Virtio
import _Concurrency

/// From a running executor to a serving appliance: devices, entropy, the network, then the model. The server answers
/// "loading" while the model is read.
///
/// SAFETY: all tasks run on core 0, one at a time.
final class BootSequence: @unchecked Sendable {
    let configuration: KernelConfiguration
    private let announced: [MMIODevice]
    var law: Law
    private let cores: Cores
    private var crew: LaneCrew { cores.crew }

    init(configuration: KernelConfiguration, announced: [MMIODevice], law: Law, cores: Cores) {
        self.configuration = configuration
        self.announced = announced
        self.law = law
        self.cores = cores
    }

    /// - Parameter greeting: what to say first: on the virtio console where there is one, as a byte on the serial port
    ///   may cost an exit.
    func run(greeting: String) async {
        let devices = DeviceInventory(announced)
        Machine.console = devices.console
        Machine.log.info(greeting)
        if let entropy = devices.entropy {
            await KernelEntropy.reseed(permit(Read.self, on: .entropyDevice), from: entropy)
        } else {
            Machine.log.warning("entropy: no virtio-rng device; only the CPU's own randomness is used")
        }
        await enactLaw(devices)
        guard devices.network != nil || devices.socket != nil else {
            refuse("net: neither a virtio-net nor a virtio-vsock device; the appliance has no way to serve")
        }
        let diskPermit = permit(Read.self, on: .blockDevice)
        let service = startNetwork(devices)
        let control = ControlConsole(
            permit(Read.self, on: .consoleDevice), service: service, consoleVector: devices.consoleVector,
            suspension: Suspension(devices, cores, service))
        Task { await control.run() }
        await startModel(service, devices, diskPermit)
    }

    /// Leave that the kernel itself needs: the law grants it everything, so a denial is a bug.
    func permit<Op: Operation, Object: PermitTarget>(
        _ operation: Op.Type, on target: Object
    ) -> Permit<Op, Object> {
        do throws(Denial) {
            return try law.check(law.kernelCapability(), operation, on: target, now: MachineClock.now)
        } catch {
            Panic.stop("the law denies the kernel its own device")
        }
    }
}

// MARK: - The network

extension BootSequence {
    private static var backlog: Int { 128 }

    private func startNetwork(_ devices: DeviceInventory) -> NetworkService {
        var settings = ServerConfiguration()
        settings.originUnixSeconds = configuration.wallClockSeconds
        settings.randomSeed = Machine.entropy.next()
        let devicePermit = permit(Write.self, on: .networkDevice)
        let listenPermit = permit(Listen.self, on: .tcpPort)
        var node = NetworkServer<Transformer>(
            stack: networkStack(devices.network), vsock: vsockStack(devices.socket),
            server: Server(law: law, configuration: settings))
        do throws(ListenError) {
            try node.listen(listenPermit, port: configuration.port, backlog: Self.backlog)
        } catch {
            Panic.stop("the first listener was refused")
        }
        let service = NetworkService(
            devicePermit, network: devices.network, socket: devices.socket, node: node, crew: crew)
        Task {
            let fault = await service.run()
            refuse("net: the device was given up: \(fault.description)")
        }
        return service
    }

    private func networkStack(_ device: NetworkDevice<DeviceInventory.Registers>?) -> NetworkStack? {
        guard let device else { return nil }
        Machine.log.info("net: \(Self.describe(configuration.addressing)), port \(configuration.port)")
        return NetworkStack(
            configuration: networkConfiguration(device),
            secret: NetworkSecret(Machine.entropy.next(), Machine.entropy.next()), now: MachineClock.now)
    }

    private func vsockStack(_ device: SocketDevice<DeviceInventory.Registers>?) -> VsockStack? {
        guard let device else { return nil }
        Machine.log.info("net: vsock context \(device.guestContext), port \(configuration.port)")
        return VsockStack(localContext: device.guestContext, peerContext: VsockAddress.hostContext)
    }

    private func networkConfiguration(
        _ device: NetworkDevice<DeviceInventory.Registers>
    ) -> Net.NetworkConfiguration {
        let random = Machine.entropy.next()
        // Without an address of its own the device gets a random one, locally administered and unicast (RFC 9542, 2.1).
        let mac =
            device.macAddress ?? [
                0x02, UInt8(truncatingIfNeeded: random), UInt8(truncatingIfNeeded: random >> 8),
                UInt8(truncatingIfNeeded: random >> 16), UInt8(truncatingIfNeeded: random >> 24),
                UInt8(truncatingIfNeeded: random >> 32),
            ]
        var net = Net.NetworkConfiguration(
            hardwareAddress: EthernetAddress(mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]),
            addressing: Self.addressing(configuration.addressing))
        net.maximumTransmissionUnit = device.maximumTransmissionUnit
        net.isTransmitChecksumOffloaded = device.offloadsTransmitChecksum
        net.transport.keepAlive = KeepAlive(idle: .seconds(60), interval: .seconds(15), probeCount: 4)
        return net
    }

    private static func addressing(
        _ addressing: KernelConfiguration.Addressing
    ) -> Net.NetworkConfiguration.Addressing {
        switch addressing {
        case .dhcp: .dhcp
        case .static(let address, let prefixLength, let gateway):
            .static(
                InterfaceAddress(
                    address: IPv4Address(bits: address), prefixLength: Int(prefixLength),
                    gateway: gateway.map { IPv4Address(bits: $0) }))
        }
    }

    private static func describe(_ addressing: KernelConfiguration.Addressing) -> String {
        switch addressing {
        case .dhcp: "asking for an address by DHCP"
        case .static(let address, let prefixLength, _): "\(IPv4Address(bits: address))/\(prefixLength)"
        }
    }
}

// MARK: - The model

extension BootSequence {
    private func startModel(
        _ service: NetworkService, _ devices: DeviceInventory, _ diskPermit: consuming Permit<Read, BlockDeviceTarget>
    ) async {
        let file: ModelFile
        do throws(ModelFile.LoadError) {
            file = try await ModelFile.load(
                diskPermit, from: devices, configuration.modelDevice, byteCount: configuration.modelByteCount)
        } catch {
            refuse("model: \(error.message)")
        }
        report(file)
        touchAhead(file)
        let features = CPUFeatures.ofThisProcessor()
        let instructionSet = InstructionSet.fastest(on: features)
        var settings = ModelLoader.Settings(
            name: String(decoding: configuration.modelName, as: UTF8.self), created: configuration.wallClockSeconds,
            contextLength: configuration.contextLength, sequenceCount: configuration.sequenceCount,
            memoryByteCount: Int(KernelHeap.longestFreeByteCount) - reservedByteCount,
            instructionSet: instructionSet)
        settings.serviceLevel = ServiceLevel(
            timeToFirstTokenMax: configuration.timeToFirstTokenMilliseconds.map { .milliseconds($0) },
            timeBetweenTokensMax: configuration.timeBetweenTokensMilliseconds.map { .milliseconds($0) })
        let start = MachineClock.now
        var log = RepackingLog()
        let loaded: ModelLoader
        do throws(ModelLoader.Failure) {
            loaded = try ModelLoader(file.memory, settings, crew: crew) { log.note($0, of: $1) }
        } catch {
            refuse("model: \(error.message)")
        }
        service.withNode {
            $0.limitRequestBodies(freeByteCount: Int(KernelHeap.freeByteCount))
            $0.start(loaded.model)
        }
        report(loaded, duration: MachineClock.now - start, instructionSet)
    }

    /// Has the lanes, which have nothing to do yet, take the faults of weights that the host has mapped.
    private func touchAhead(_ file: ModelFile) {
        guard case .shared(let bytes) = file.memory, let base = bytes.baseAddress else { return }
        let start = UInt64(UInt(bitPattern: base))
        Machine.firstTouch?.begin(PhysicalRange(start: start, end: start + UInt64(bytes.count)))
        crew.wakeLanes()
    }

    /// Left for vocabulary tables, connections and answers; and, where a law can name programs, for those.
    private var reservedByteCount: Int {
        let programs = configuration.lawDevice == nil ? 0 : MemoryReserve.programsByteCount
        return 24 << 20 + programs
    }

    private func report(_ file: ModelFile) {
        let byteCount = file.memory.bytes.count
        guard let duration = file.readingDuration else {
            return Machine.log.info("model: \(byteCount >> 20) MiB, where the host has mapped them")
        }
        let rate = UInt64(Double(byteCount) / max(duration.seconds, 1e-6)) >> 20
        Machine.log.info("model: \(byteCount >> 20) MiB read in \(duration.milliseconds) ms (\(rate) MiB/s)")
    }

    private func report(_ loaded: ModelLoader, duration: Interval, _ instructionSet: InstructionSet) {
        let (model, capacity) = (loaded.configuration, loaded.capacity)
        if loaded.format == .hxm { Machine.log.info("model: packed (HXM), weights are used where they lie") }
        Machine.log.info(
            "model: \(model.name), \(model.layerCount) layers, \(instructionSet.name) on \(crew.participantCount) "
                + "core\(crew.participantCount == 1 ? "" : "s"), made ready in \(duration.milliseconds) ms")
        Machine.log.info(
            "model: \(capacity.sequenceCount) sequences of \(capacity.contextLength) tokens, "
                + "\(capacity.cachedTokenCount) cached in \(loaded.memory.keyValueByteCount >> 20) MiB")
        if capacity.cachedTokenCount < capacity.sequenceCount * capacity.contextLength {
            Machine.log.warning("model: the cache does not hold all sequences at full length; --memory gives it more")
        }
        Machine.log.report(.ready)
    }
}
