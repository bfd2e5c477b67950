import MonotonicTime

extension GuestSession {
    /// How a wait for the server ended.
    public enum Readiness: Equatable, Sendable {
        case ready
        /// A signal asked the program to end first.
        case interrupted
    }

    /// Waits until the server answers `/health` with 200.
    ///
    /// QEMU accepts connections on the guest's behalf before there is anybody inside to take them, and a probe made too
    /// early waits for a packet that was dropped. So the first probe follows the kernel's word that it listens, and a
    /// probe without an answer is given up after a moment in case the word was missed.
    public mutating func waitUntilReady(timeoutSeconds: Int) throws(LaunchError) -> Readiness {
        let deadline = HostClock.now + .seconds(UInt64(timeoutSeconds))
        var nextProbe = HostClock.now + Self.probeInterval
        while HostClock.now < deadline {
            if sawReadyAnnouncement || HostClock.now >= nextProbe {
                switch try probe(until: min(deadline, HostClock.now + Self.probeTimeout)) {
                case .ready:
                    if machine.monitor == .qemu {
                        ListenerBacklog.widen(process: process.identifier, port: machine.hostPort)
                    }
                    VirtualProcessors.pin(of: process.identifier, count: machine.processorCount)
                    return .ready
                case .interrupted: return .interrupted
                case .notYet: nextProbe = HostClock.now + Self.probeInterval
                }
            }
            let pause = HostClock.now + Self.pollInterval
            if try wait(until: min(deadline, pause)) == .interrupted { return .interrupted }
        }
        throw .notReadyInTime(seconds: timeoutSeconds)
    }

    private enum ProbeResult {
        case ready, notYet, interrupted
    }

    private static var probeInterval: Interval { .milliseconds(250) }
    private static var probeTimeout: Interval { .milliseconds(500) }
    private static var pollInterval: Interval { .milliseconds(5) }

    private mutating func probe(until deadline: Instant) throws(LaunchError) -> ProbeResult {
        guard let socket = Loopback.connect(port: machine.hostPort) else { return .notYet }
        socket.write(HTTPRequest.health())
        var reader = HTTPResponseReader()
        while true {
            switch try wait(for: socket.number, until: deadline) {
            case .timedOut: return .notYet
            case .interrupted: return .interrupted
            case .readable:
                guard let bytes = socket.read() else { continue }
                if bytes.isEmpty { return .notYet }
                _ = try reader.receive(bytes)
                if let status = reader.status { return status == 200 ? .ready : .notYet }
            }
        }
    }
}
