import Appliance
import KernelCore
import Law
import Model
import MonotonicTime
import Net
import Serving
import Tensor
import Virtio
import _Concurrency

/// The task that keeps the appliance going: moves frames between the network device and the server, and gives the model
/// its turns. While there is work it polls; when there is none it arms the device's interrupt and lets the core halt.
///
/// SAFETY (@unchecked Sendable): all tasks run on core 0, one at a time.
final class NetworkService: @unchecked Sendable {
    private let device: NetworkDevice<DeviceInventory.Registers>
    private(set) var node: NetworkServer<Transformer>
    private let crew: LaneCrew

    /// Frames taken in before the model gets its turn again.
    private static var framesPerTurn: Int { 64 }

    init(
        _ permit: consuming Permit<Write>, device: NetworkDevice<DeviceInventory.Registers>,
        node: consuming NetworkServer<Transformer>, crew: LaneCrew
    ) {
        precondition(permit.target == .networkDevice)
        self.device = device
        self.node = node
        self.crew = crew
    }

    func withNode<Result: ~Copyable>(_ body: (inout NetworkServer<Transformer>) -> Result) -> Result { body(&node) }

    /// Has the task look again although no frame came: somebody else changed the node.
    func wake() { Executor.wakeInterruptWaiters() }

    /// Runs until the device fails; returns why.
    func run() async -> DeviceFault {
        while true {
            do throws(DeviceFault) {
                let now = MachineClock.now
                let frameCount = try device.receive(limit: Self.framesPerTurn) { frame, checksumValidated in
                    node.receive(frame.bytes, checksumValidated: checksumValidated, now: now)
                }
                node.report(statistics)
                let hasMore = node.turn(now: now)
                try transmitAll()
                logNotices()
                if hasMore || frameCount > 0 {
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

    private func transmitAll() throws(DeviceFault) {
        let now = MachineClock.now
        while try device.transmit({ buffer in self.fill(&buffer, now: now) }) == .queued {}
        device.publish()
    }

    private func fill(_ buffer: inout MutableSpan<UInt8>, now: Instant) -> Virtio.TransmitDescriptor? {
        var bytes = buffer.mutableBytes
        guard let frame = node.transmit(into: &bytes, now: now) else { return nil }
        return Virtio.TransmitDescriptor(
            byteCount: frame.byteCount,
            checksum: frame.checksum.map { Virtio.ChecksumOffload(start: $0.start, offset: $0.offset) })
    }

    /// Suspends until a frame arrives or a deadline comes. Arming before the last look closes the gap in which a frame
    /// could arrive unnoticed.
    private func rest() async {
        if device.armInterrupts() { return }
        await Executor.waitForInterrupt(until: node.nextDeadline)
        device.clearInterrupt()
        device.suppressInterrupts()
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
