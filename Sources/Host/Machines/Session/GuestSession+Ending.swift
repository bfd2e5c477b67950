import Glibc
import GuestInterface
import HostSystem
import JSON
import MonotonicTime

extension GuestSession {
    /// Waits, relaying the console, until a signal asks the program to end.
    public mutating func serveUntilInterrupted() throws(SessionError) {
        while try wait(until: .distantFuture) != .interrupted {}
    }

    /// Asks the kernel over its console to power off and waits for it. A kernel that does not, or a second signal,
    /// ends with the monitor killed. Answers whether the power-off was orderly.
    public mutating func powerOff(graceSeconds: Int) -> Bool {
        let deadline = HostClock.now + .seconds(UInt64(graceSeconds))
        consoleInput.write(HostRequest.powerOff.encode())
        // The wait throws when the console ends, which is what is hoped for here.
        while (try? wait(until: deadline)) == .announced {}
        if let ending = process.wait(upTo: 0) ?? endingIfConsoleClosed() {
            return GuestEnding(ending, under: machine.monitor) == .poweredOff
        }
        process.terminate(graceMilliseconds: 500)
        return false
    }

    /// What the machine asked of the host, once it has ended: nil unless that was counted (`countsExits`).
    public func metrics() -> JSONValue? {
        metricsOutput.setNonBlocking()
        guard let bytes = metricsOutput.read(), !bytes.isEmpty else { return nil }
        return try? JSONValue(parsing: bytes)
    }

    private mutating func endingIfConsoleClosed() -> BoundProcess.Ending? {
        var request = pollfd(fd: consoleOutput.number, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, 0) > 0, request.revents & Int16(POLLHUP) != 0 else { return nil }
        return process.wait(upTo: Self.exitGraceMilliseconds)
    }
}
