import Glibc
import HostErrors
import HostSystem

/// Our own monitor, started before it is certain that there will be a machine for it: it prepares one that was saved
/// while this program still reads its command line, which takes a program in Swift some milliseconds.
///
/// Nothing has happened when it goes unused: the monitor ends with this value.
public struct MonitorHeadStart: ~Copyable {
    let monitor: MonitorProcess
    /// What is prepared.
    let directory: String
    /// The monitor's listening socket, which is bound to no port yet.
    private let socket: FileDescriptor

    /// - Parameters:
    ///   - directory: of a snapshot, as it will be called in the machine's configuration.
    ///   - monitorPath: our own monitor.
    public init(preparing directory: String, monitorPath: String) throws(StartFailure) {
        let socket = Loopback.makeSocket()
        monitor = try MonitorProcess(
            path: monitorPath, arguments: HexaVMMCommand.arguments(preparing: directory), listener: socket.number)
        self.directory = directory
        self.socket = socket
    }

    /// Takes port `number` for the monitor, as `ServerPort(_:)` does.
    public func takePort(_ number: UInt16) throws(PortError) -> ServerPort {
        try ServerPort(number, on: FileDescriptor(owning: fcntl(socket.number, F_DUPFD_CLOEXEC, 0)))
    }

    /// Whether the machine is the one that is prepared.
    func fits(_ machine: MachineConfiguration) -> Bool {
        guard machine.monitor == .hexa, case .restored(let snapshot) = machine.snapshot else { return false }
        return snapshot.directory == directory
    }
}
