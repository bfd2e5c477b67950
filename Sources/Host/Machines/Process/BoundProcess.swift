import CLinux
import Glibc
import HostErrors
import HostSystem
import MonotonicTime

/// A child process that cannot outlive this one: it is killed when the thread that started it ends, even by `SIGKILL`.
public struct BoundProcess: ~Copyable {
    /// How a process ended.
    public enum Ending: Equatable, Sendable {
        case exited(status: Int32)
        case signalled(number: Int32)
    }

    public let identifier: pid_t
    public private(set) var ending: Ending?

    /// Starts `path`; descriptor `n` of the child is `descriptors[n]`.
    public init(path: String, arguments: [String], descriptors: [Int32]) throws(StartFailure) {
        var strings: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        defer { for string in strings { free(string) } }
        strings.append(nil)
        var child: pid_t = 0
        let failure = linux_spawn_bound(path, strings, descriptors, Int32(descriptors.count), &child)
        guard failure == 0 else { throw StartFailure(path: path, reason: errorText(failure)) }
        identifier = child
    }

    deinit {
        guard ending == nil else { return }
        kill(identifier, SIGKILL)
        waitpid(identifier, nil, 0)
    }

    /// Collects the ending if there is one; waits for it at most `timeout` milliseconds.
    public mutating func wait(upTo timeoutMilliseconds: Int) -> Ending? {
        let deadline = HostClock.now + .milliseconds(UInt64(timeoutMilliseconds))
        while ending == nil {
            var status: Int32 = 0
            if waitpid(identifier, &status, WNOHANG) == identifier {
                // The layout of a wait status: the low seven bits are the signal, the next byte the exit code.
                let signal = status & 0x7f
                ending = signal == 0 ? .exited(status: (status >> 8) & 0xff) : .signalled(number: signal)
            } else if HostClock.now >= deadline {
                return nil
            } else {
                usleep(2_000)
            }
        }
        return ending
    }

    /// Asks the process to end, then makes it.
    public mutating func terminate(graceMilliseconds: Int) {
        guard ending == nil else { return }
        kill(identifier, SIGTERM)
        if wait(upTo: graceMilliseconds) == nil {
            kill(identifier, SIGKILL)
            _ = wait(upTo: .max >> 1)
        }
    }
}
