import Transformer
import Boot
import GuestInterface
import GuestServer
import KernelCore
import Law
import MonotonicTime
import Serving
import Tensor
import Virtio

/// The machine's way into a snapshot and out of it. The monitor keeps the memory and nothing else; a machine that is
/// made of it is given by `suspend` what a boot would have given it, while the model, its caches and all tasks are as
/// they were.
///
/// SAFETY: all tasks run on core 0, one at a time.
final class Suspension: @unchecked Sendable {
    private var devices: DeviceInventory
    private let cores: Cores
    private let service: NetworkService

    init(_ devices: DeviceInventory, _ cores: Cores, _ service: NetworkService) {
        self.devices = devices
        self.cores = cores
        self.service = service
    }

    /// Why the machine cannot be saved now; nil when it can.
    var refusal: GuestMessage.Refusal? {
        // Its connections and its lease are in the state of others.
        if devices.network != nil { return .networkDevice }
        if !service.withNode({ $0.server.isReady }) { return .modelNotReady }
        return nil
    }

    /// Leaves the machine and comes back in a resumed one. The server must be drained; it takes requests again
    /// afterwards.
    func suspend(_ permit: consuming Permit<Administer, PowerTarget>) {
        Machine.log.report(.suspending)
        let instant = MachineClock.now
        let address = boot_suspend(cores.pageTableRoot)
        guard address != 0 else {
            service.withNode { $0.endDrain() }
            return Machine.log.report(.refused(.memoryNotKept))
        }
        MachineClock.resume(from: instant)
        let block = readBlock(at: address)
        KernelEntropy.diverge(by: block.seed)
        LocalAPIC.enable()
        Executor.forgetTimer()
        cores.restart { restartDevices() }
        let now = MachineClock.now
        let origin = block.wallClockSeconds &- now.nanoseconds / 1_000_000_000
        service.withNode {
            $0.resume(originUnixSeconds: origin, randomSeed: Machine.entropy.next(), now: now)
        }
        Machine.log.report(
            .resumed(microseconds: (now - instant).microseconds, coreCount: UInt64(cores.crew.participantCount)))
    }

    private func readBlock(at address: UInt64) -> ResumeBlock {
        do throws(BootInformation.ReadError) {
            guard let block = try ResumeBlock(at: address, memory: PhysicalMemory()) else {
                refuse("snapshot: the monitor has resumed this machine without saying when it is")
            }
            // The seed is not to be found by whoever reads memory later.
            for offset in stride(from: 0, to: UInt64(ResumeBlock.byteCount), by: 4) {
                boot_mmio_write32(address + offset, 0)
            }
            return block
        } catch {
            refuse(error.message)
        }
    }

    private func restartDevices() {
        // All three hold the drivers, which reset their devices when nobody does any more.
        Machine.console = nil
        service.replace(socket: nil)
        devices.forgetDrivers()
        devices.restart()
        Machine.console = devices.console
        service.replace(socket: devices.socket)
    }
}
