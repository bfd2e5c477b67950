import Client
import HostErrors
import HostSystem
import MonotonicTime

extension GuestSession {
    /// How a wait for the server ended.
    public enum Readiness: Equatable, Sendable {
        case ready
        /// A signal asked the program to end first.
        case interrupted
    }

    /// Waits until the server serves.
    ///
    /// On our own monitor the kernel's word is enough. QEMU accepts connections on the guest's behalf before there is
    /// anybody inside to take them, and a probe made too early waits for a packet that was dropped: there the first
    /// probe follows the kernel's word, and until `/health` answers 200 another. A kernel that says too little
    /// (`--log-level`) is probed now and then.
    public mutating func waitUntilReady(timeoutSeconds: Int) throws(SessionError) -> Readiness {
        let deadline = HostClock.now + .seconds(UInt64(timeoutSeconds))
        var nextProbe = HostClock.now + Self.probeInterval
        while HostClock.now < deadline {
            if sawReadyAnnouncement && machine.monitor == .hexa { return settleIn() }
            if sawReadyAnnouncement || HostClock.now >= nextProbe {
                switch try probe(until: min(deadline, HostClock.now + Self.probeTimeout)) {
                case .ready: return settleIn()
                case .interrupted: return .interrupted
                case .notYet: nextProbe = HostClock.now + Self.probeInterval
                }
            }
            let pause = sawReadyAnnouncement ? HostClock.now + Self.pollInterval : nextProbe
            if try wait(until: min(deadline, pause)) == .interrupted { return .interrupted }
        }
        throw .notReadyInTime(seconds: timeoutSeconds)
    }

    /// What a serving machine gets on the host.
    private func settleIn() -> Readiness {
        if machine.monitor == .qemu { ListenerBacklog.widen(process: process.identifier, port: machine.hostPort) }
        VirtualProcessors.pin(of: process.identifier, count: machine.processorCount)
        return .ready
    }

    private enum ProbeResult {
        case ready, notYet, interrupted
    }

    private static var probeInterval: Interval { .milliseconds(250) }
    private static var probeTimeout: Interval { .milliseconds(500) }
    private static var pollInterval: Interval { .milliseconds(5) }

    private mutating func probe(until deadline: Instant) throws(SessionError) -> ProbeResult {
        guard let socket = Loopback.connect(port: machine.hostPort) else { return .notYet }
        socket.write(HTTPRequest.health())
        var reader = HTTPResponseReader()
        while true {
            switch try wait(for: socket.number, until: deadline) {
            case .timedOut: return .notYet
            case .announced: continue
            case .interrupted: return .interrupted
            case .readable:
                guard let bytes = socket.read() else { continue }
                if bytes.isEmpty { return .notYet }
                _ = try failing(as: SessionError.badAnswer) { () throws(BadAnswer) in try reader.receive(bytes) }
                if let status = reader.status { return status == 200 ? .ready : .notYet }
            }
        }
    }
}
