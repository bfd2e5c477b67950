import Glibc
import GuestInterface
import HostErrors
import HostFiles
import HostSystem
import MonotonicTime

/// One running virtual machine, from its monitor's start to its end, driven by a single thread that polls the guest's
/// console, the signals that ask for an end, and one socket at a time.
///
/// Whatever way this program ends, the machine ends with it: orderly through `powerOff`, at once when the session is
/// dropped, and by the kernel's hand when the program is killed.
public struct GuestSession: ~Copyable {
    let machine: MachineConfiguration
    var process: BoundProcess
    /// Towards the guest's serial port.
    let consoleInput: FileDescriptor
    let consoleOutput: FileDescriptor
    /// From the monitor's metrics, which it writes when the machine has ended.
    let metricsOutput: FileDescriptor
    /// Firecracker's way in.
    private let relay: SocketRelay?
    let signals: SignalInbox
    /// Kept where the monitor binds the port for itself, so that it is nobody else's until then.
    private let port: ServerPort?
    var splitter = ConsoleLineSplitter()
    var sawReadyAnnouncement = false
    /// Why the kernel does not want to be saved.
    var snapshotRefusal: GuestMessage.Refusal?
    private let onConsoleLine: (ConsoleLine) -> Void

    /// What ended a wait.
    enum WaitResult {
        case readable
        case timedOut
        /// The kernel has just said that it serves.
        case announced
        /// A signal asked the program to end.
        case interrupted
    }

    /// Starts the monitor, which serves at `port`, the machine's `hostPort`. `onConsoleLine` gets every line of the
    /// kernel's console; the monitor's own messages go to standard error.
    ///
    /// - Parameter headStart: a monitor that prepares the machine already and has given `port`; any other goes.
    public init(
        starting machine: MachineConfiguration, at port: consuming ServerPort, monitorPath: String,
        headStart: consuming MonitorHeadStart? = nil, onConsoleLine: @escaping (ConsoleLine) -> Void
    ) throws(SessionStartError) {
        let relay = try failing(as: SessionStartError.relay) { () throws(FileError) in
            machine.monitor == .firecracker ? try SocketRelay() : nil
        }
        let command = try failing(as: SessionStartError.value) { () throws(UnusableValue) in
            try MonitorCommand(machine, socketPath: relay?.socketPath ?? "")
        }
        if !command.wantsListener, relay == nil { port.standAside() }
        let signals = SignalInbox()
        // The threads have the signals blocked, as this one has by now.
        relay?.start(
            FileDescriptor(owning: fcntl(port.descriptor, F_DUPFD_CLOEXEC, 0)),
            guestPort: ServerAddress.port)
        let monitor: MonitorProcess
        do throws(StartFailure) {
            monitor = try Self.monitor(monitorPath, command, for: machine, at: port, headStart)
        } catch {
            throw .program(error)
        }
        monitor.configure(command.configurationFile)

        self.machine = machine
        self.onConsoleLine = onConsoleLine
        self.signals = signals
        self.relay = relay
        process = monitor.process
        consoleInput = monitor.consoleInput
        consoleOutput = monitor.consoleOutput
        metricsOutput = monitor.metricsOutput
        // With the socket here as well, clients would wait for our own monitor when it is gone.
        if command.wantsListener { self.port = nil } else { self.port = consume port }
    }

    private static func monitor(
        _ path: String, _ command: MonitorCommand, for machine: MachineConfiguration, at port: borrowing ServerPort,
        _ headStart: consuming MonitorHeadStart?
    ) throws(StartFailure) -> MonitorProcess {
        if let headStart, headStart.fits(machine) { return headStart.monitor }
        var memory: Int32?
        if case .saving(let saving) = machine.snapshot { memory = saving.descriptor }
        return try MonitorProcess(
            path: path, arguments: command.arguments, listener: command.wantsListener ? port.descriptor : nil,
            memory: memory)
    }

    /// Polls until `descriptor` has something to read, a signal came, the kernel said that it serves, or `deadline`
    /// passed; relays the console meanwhile. Throws when the guest ends.
    mutating func wait(for descriptor: Int32? = nil, until deadline: Instant) throws(SessionError) -> WaitResult {
        while true {
            var requests = [
                pollfd(fd: consoleOutput.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.descriptor.number, events: Int16(POLLIN), revents: 0),
                // A negative descriptor is one that poll leaves out.
                pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&requests, nfds_t(requests.count), Self.milliseconds(until: deadline))
            if count == 0 { return .timedOut }
            let wasAnnounced = sawReadyAnnouncement
            if requests[0].revents != 0, try !relayConsole() { throw endingError() }
            if sawReadyAnnouncement && !wasAnnounced { return .announced }
            if requests[1].revents != 0, signals.takeOne() { return .interrupted }
            if requests[2].revents != 0 { return .readable }
        }
    }

    /// Relays what the console has; false at its end, when the monitor is gone.
    mutating func relayConsole() throws(SessionError) -> Bool {
        guard let bytes = consoleOutput.read() else { return true }
        for line in splitter.receive(bytes) { relay(line) }
        if bytes.isEmpty, let line = splitter.finish() { relay(line) }
        return !bytes.isEmpty
    }

    private mutating func relay(_ line: ConsoleLine) {
        switch line.message?.content {
        case .ready, .resumed: sawReadyAnnouncement = true
        case .refused(let refusal): snapshotRefusal = refusal
        case .suspending, .poweringOff, nil: break
        }
        onConsoleLine(line)
    }

    /// Why the guest is gone although nobody asked it to go.
    mutating func endingError() -> SessionError {
        guard let ending = process.wait(upTo: Self.exitGraceMilliseconds) else {
            return .vmmFailed(status: -1)
        }
        return switch GuestEnding(ending, under: machine.monitor) {
        case .poweredOff: .guestEndedEarly
        case .panicked: .guestPanicked
        // Somebody else has typed it.
        case .suspended: .guestEndedEarly
        case .emulatorFailed(let status): .vmmFailed(status: status)
        }
    }

    /// Between the monitor closing the console and its exit.
    static let exitGraceMilliseconds = 2_000

    /// Rounded up, so that the deadline has passed when the poll times out; -1 waits for ever.
    private static func milliseconds(until deadline: Instant) -> Int32 {
        if deadline == .distantFuture { return -1 }
        let remaining = (deadline - HostClock.now + .nanoseconds(999_999)).milliseconds
        return Int32(clamping: remaining)
    }
}
