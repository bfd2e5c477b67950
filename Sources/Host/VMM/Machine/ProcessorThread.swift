import CKVM
import Glibc
import HostSystem

/// A thread that runs one virtual processor until the machine ends.
///
/// SAFETY (@unchecked Sendable): the processor and the counts are the thread's alone until it has been joined, but for
/// `requestExit`, which any thread may call.
final class ProcessorThread: @unchecked Sendable {
    private let processor: KVMProcessor
    private let bus: DeviceBus
    private var thread = pthread_t()
    private var accesses = MachineMetrics.AccessCounts()
    private var statistics: KVMStatistics?

    /// Interrupts a running guest, and does nothing else.
    private static let kickSignal = SIGUSR1

    /// As QEMU names the threads of its processors.
    private let name: String

    init(_ processor: consuming KVMProcessor, index: Int, bus: DeviceBus) {
        self.processor = processor
        self.bus = bus
        name = "CPU \(index)/KVM"
    }

    /// Once in a process, before the first `start`.
    static func installKick() throws(VMMError) {
        let failure = ckvm_install_kick(kickSignal)
        guard failure == 0 else { throw .system(call: "sigaction", errno: failure) }
    }

    /// Valid as long as this object.
    var coalescedWrites: CoalescedWrites? { processor.coalescedWrites }

    /// Sets where the processor starts. Before `start`.
    func setEntry(_ entry: EntryState) throws(VMMError) { try processor.setEntry(entry) }

    func start() throws(VMMError) {
        // A thread inherits its creator's signal mask, and a queue's worker has all signals blocked: no kick would
        // get through to the guest.
        var kick = sigset_t()
        var inherited = sigset_t()
        sigemptyset(&kick)
        sigaddset(&kick, Self.kickSignal)
        pthread_sigmask(SIG_UNBLOCK, &kick, &inherited)
        defer { pthread_sigmask(SIG_SETMASK, &inherited, nil) }
        thread = try HostThread.start(name) { self.run() }.mapError(VMMError.init).get()
    }

    /// Makes the thread leave the guest and end, and waits for that.
    func stop() {
        processor.requestExit()
        // A kick that arrives between two runs is remembered by the request; one that arrives within interrupts it.
        pthread_kill(thread, Self.kickSignal)
        pthread_join(thread, nil)
    }

    /// Has KVM's counters at hand for `metrics`. Before `start`.
    func openStatistics() { statistics = processor.statistics() }

    /// Adds what this processor has asked of the host. Not before `start`, and not until the thread has ended.
    func add(to metrics: inout MachineMetrics) {
        metrics.accesses += accesses
        statistics?.add(to: &metrics.kvm)
    }

    private func run() {
        bus.begun.wait()
        guard !bus.isEnding else { return }
        do throws(VMMError) {
            while try handle(processor.runUntilExit()) {}
        } catch {
            bus.end(.failed(error.description))
        }
    }

    /// Does what the guest needs; false at the end of the machine.
    private func handle(_ exit: KVMProcessor.Exit) throws(VMMError) -> Bool {
        switch exit {
        case .portRead(let port, _, let bytes):
            accesses.portReads += 1
            bus.readPort(port, into: bytes)
        case .portWrite(let port, let width, let bytes):
            accesses.portWrites += 1
            return bus.writePort(port, width: width, bytes)
        case .memoryRead(let address, let bytes):
            accesses.memoryReads += 1
            bus.readMemory(address, into: bytes)
        case .memoryWrite(let address, let bytes):
            accesses.memoryWrites += 1
            bus.writeMemory(address, bytes)
        case .interrupted: return !bus.isEnding
        case .shutDown:
            bus.end(.reset)
            return false
        case .failed(let reason):
            bus.end(.failed(reason))
            return false
        }
        return true
    }
}
