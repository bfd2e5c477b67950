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

/// The task that keeps the appliance going: moves frames and packets between the devices and the server, and gives the
/// model its turns. While there is work it polls; when there is none it arms the devices' interrupts and lets the core
/// halt.
///
/// SAFETY: all tasks run on core 0, one at a time.
final class NetworkService: @unchecked Sendable {
    private let network: NetworkDevice<DeviceInventory.Registers>?
    private var socket: SocketDevice<DeviceInventory.Registers>?
    private(set) var node: NetworkServer<Transformer>
    private let crew: LaneCrew

    /// Frames and packets taken in before the model gets its turn again.
    private static var framesPerTurn: Int { 64 }

    init(
        _ permit: consuming Permit<Write, NetworkDeviceTarget>, network: NetworkDevice<DeviceInventory.Registers>?,
        socket: SocketDevice<DeviceInventory.Registers>?, node: consuming NetworkServer<Transformer>, crew: LaneCrew
    ) {
        self.network = network
        self.socket = socket
        self.node = node
        self.crew = crew
    }

    func withNode<Result: ~Copyable>(_ body: (inout NetworkServer<Transformer>) -> Result) -> Result { body(&node) }

    /// The socket device is another one, or nobody's for a while. What was connected through the old one is lost.
    func replace(socket: SocketDevice<DeviceInventory.Registers>?) {
        self.socket = socket
        node.dropStreams()
    }

    /// Has the task look again although no frame came: somebody else changed the node.
    func wake() { Executor.wakeInterruptWaiters() }

    /// Runs until a device fails; returns why.
    func run() async -> DeviceFault {
        while true {
            do throws(DeviceFault) {
                let now = MachineClock.now
                let receivedCount = try receive(now: now)
                node.report(statistics)
                let hasMore = node.turn(now: now)
                try transmitAll()
                logNotices()
                if hasMore || receivedCount > 0 {
                    await Executor.yield()
                } else {
                    await rest()
                }
            } catch {
                return error
            }
        }
    }

    private var statistics: PlatformStatistics {
        PlatformStatistics(
            heapAllocations: KernelHeap.allocationCount, laneStalls: crew.stallCount, laneWakes: crew.wakeCount)
    }

    private func receive(now: Instant) throws(DeviceFault) -> Int {
        let frameCount = try network?.receive(limit: Self.framesPerTurn) { frame, checksumValidated in
            node.receive(frame.bytes, checksumValidated: checksumValidated, now: now)
        }
        let packetCount = try socket?.receive(limit: Self.framesPerTurn) { packet in
            node.receive(packet: packet.bytes)
        }
        return (frameCount ?? 0) + (packetCount ?? 0)
    }

    private func transmitAll() throws(DeviceFault) {
        let now = MachineClock.now
        if let network {
            while try network.transmit({ buffer in self.fill(&buffer, now: now) }) == .queued {}
            network.publish()
        }
        if let socket {
            while node.hasPacket, try socket.transmit({ buffer in self.fillPacket(&buffer) }) == .queued {}
            socket.publish()
        }
    }

    private func fill(_ buffer: inout MutableSpan<UInt8>, now: Instant) -> Virtio.TransmitDescriptor? {
        var bytes = buffer.mutableBytes
        guard let frame = node.transmit(into: &bytes, now: now) else { return nil }
        return Virtio.TransmitDescriptor(
            byteCount: frame.byteCount,
            checksum: frame.checksum.map { Virtio.ChecksumOffload(start: $0.start, offset: $0.offset) })
    }

    private func fillPacket(_ buffer: inout MutableSpan<UInt8>) -> Int? {
        var bytes = buffer.mutableBytes
        return node.transmitPacket(into: &bytes)
    }

    /// Suspends until a frame arrives or a deadline comes. Arming before the last look closes the gap in which a frame
    /// could arrive unnoticed.
    private func rest() async {
        let hasFrame = network?.armInterrupts() ?? false
        let hasPacket = socket?.armInterrupts() ?? false
        if hasFrame || hasPacket { return }
        await Executor.waitForInterrupt(until: node.nextDeadline)
        network?.clearInterrupt()
        network?.suppressInterrupts()
        socket?.clearInterrupt()
        socket?.suppressInterrupts()
    }

    private func logNotices() {
        if let line = node.takeProgramLogLine() { Machine.log.info(String(decoding: line, as: UTF8.self)) }
        while let notice = node.takeNotice() {
            switch notice {
            case .addressConfigured(let interface):
                Machine.log.info("net: address \(interface.address)/\(interface.prefixLength)")
            case .addressLost:
                Machine.log.warning("net: the DHCP lease has ended; asking for another")
            }
        }
    }
}
