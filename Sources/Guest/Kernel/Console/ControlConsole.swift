import Transformer
import Boot
import GuestInterface
import GuestServer
import KernelCore
import Law
import MonotonicTime
import Virtio
import _Concurrency

/// Carries out the requests that arrive on the console. They are the machine owner's alone: what comes from there acts
/// with the kernel's own capability.
///
/// SAFETY: all tasks run on core 0, one at a time.
final class ControlConsole: @unchecked Sendable {
    private let service: NetworkService
    private let consoleVector: UInt8?
    private let suspension: Suspension
    private var reader = HostRequestReader()

    private static var drainTimeout: Interval { .seconds(UInt64(HostRequest.drainSeconds)) }
    /// The peers' last acknowledgements are waited for in steps of this.
    private static var drainPollInterval: Interval { .milliseconds(5) }

    init(
        _ permit: consuming Permit<Read, ConsoleDeviceTarget>, service: NetworkService, consoleVector: UInt8?,
        suspension: Suspension
    ) {
        self.service = service
        self.consoleVector = consoleVector
        self.suspension = suspension
    }

    func run() async {
        listen()
        let serialVector = IOAPIC.vector(line: SerialLine.interruptLine)
        while true {
            // Looking at either is an exit: only after an interrupt of its own.
            if boot_take_pending(serialVector) {
                while let byte = SerialPort.readByte() { await take(byte) }
            }
            if let consoleVector, boot_take_pending(consoleVector) {
                for byte in readConsole() { await take(byte) }
            }
            await Executor.waitForInterrupt(until: .distantFuture)
        }
    }

    /// Asks for interrupts when something is typed.
    private func listen() {
        _ = IOAPIC.route(line: SerialLine.interruptLine)
        SerialPort.enableReceiveInterrupt()
        _ = Machine.console?.armInterrupts()
    }

    /// What has arrived on the virtio console, with its interrupt armed again.
    private func readConsole() -> [UInt8] {
        guard let console = Machine.console else { return [] }
        var bytes: [UInt8] = []
        console.clearInterrupt()
        do throws(DeviceFault) {
            repeat {
                _ = try console.read { piece in
                    for index in piece.indices { bytes.append(piece[index]) }
                }
            } while console.armInterrupts()
        } catch {
            Machine.console = nil
            Machine.log.warning("console: the device was given up: \(error.description)")
        }
        return bytes
    }

    private func take(_ byte: UInt8) async {
        switch reader.take(byte) {
        case nil: return
        case .request(.powerOff): await powerOff()
        case .request(.snapshot): await suspend()
        case .unknown:
            let known = HostRequest.allCases.map { "'\($0.word)'" }.joined(separator: " and ")
            Machine.log.warning("console: unknown command; there are \(known)")
        }
    }

    /// Finishes the answers under way; false when they took too long.
    private func drain() async -> Bool {
        service.withNode { $0.beginDrain(now: MachineClock.now) }
        service.wake()
        let deadline = MachineClock.now + Self.drainTimeout
        while !service.withNode({ $0.isDrained }) {
            guard MachineClock.now < deadline else { return false }
            await Executor.sleep(until: MachineClock.now + Self.drainPollInterval)
        }
        return true
    }

    private func permitPower() -> Permit<Administer, PowerTarget> {
        service.withNode { node in
            node.withLaw { law in
                do throws(Denial) {
                    return try law.check(law.kernelCapability(), Administer.self, on: .power, now: MachineClock.now)
                } catch {
                    Panic.stop("the law denies the kernel its own power switch")
                }
            }
        }
    }

    private func suspend() async {
        if let refusal = suspension.refusal { return Machine.log.report(.refused(refusal)) }
        Machine.log.info("snapshot: finishing the answers under way")
        guard await drain() else {
            service.withNode { $0.endDrain() }
            return Machine.log.report(.refused(.answersUnderWay))
        }
        suspension.suspend(permitPower())
        listen()
        service.wake()
    }

    private func powerOff() async {
        Machine.log.info("power: finishing the answers under way")
        _ = await drain()
        Machine.log.report(.poweringOff)
        Power.off(permitPower())
    }
}
