import GuestInterface
import HostSystem
import MonotonicTime

extension GuestSession {
    /// Has the kernel finish the answers under way and the monitor write the machine's memory; the machine is gone
    /// afterwards.
    public mutating func suspend(timeoutSeconds: Int) throws(SessionError) {
        let deadline = HostClock.now + .seconds(UInt64(timeoutSeconds))
        consoleInput.write(HostRequest.snapshot.encode())
        while true {
            if let snapshotRefusal { throw .notSaveable(reason: snapshotRefusal.explanation) }
            guard HostClock.now < deadline else { throw .notSavedInTime(seconds: timeoutSeconds) }
            do throws(SessionError) {
                if try wait(until: min(deadline, HostClock.now + Self.refusalPollInterval)) == .interrupted {
                    throw .interrupted
                }
            } catch .interrupted {
                throw .interrupted
            } catch {
                // The console has ended; the memory may still be on its way to the disk.
                let rest = Int((deadline - HostClock.now).milliseconds)
                guard process.wait(upTo: rest).map({ GuestEnding($0, under: .hexa) }) == .suspended else { throw error }
                return
            }
        }
    }

    private static var refusalPollInterval: Interval { .milliseconds(20) }
}
