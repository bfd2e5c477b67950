import Glibc
import NIOCore

/// A machine from its start to its end, as the fleet deals with it. Lives on the event loop.
protocol Machine: AnyObject {
    /// The port of 127.0.0.1 at which it serves.
    var port: UInt16 { get }
    /// Of the process that runs it.
    var identifier: pid_t { get }

    /// Asks for an orderly end.
    func stop()

    func kill()
}

/// What a machine makes known.
enum MachineEvent {
    case ready
    /// Of the console, or of who runs it.
    case line(String)
    /// The last event; the reason is a line for a person.
    case ended(reason: String)
}

/// Starts a machine for an entry; its events come on the loop, after this returns.
typealias MachineStarter =
    @Sendable (
        FleetConfiguration.Entry, any EventLoop, @escaping (MachineEvent) -> Void
    ) throws(MachineStartError) -> any Machine
