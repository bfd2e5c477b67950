import CLinux
import Glibc

/// Signals that ask the program to end, as a descriptor to poll instead of handlers that interrupt it.
public struct SignalInbox: ~Copyable {
    /// To poll.
    public let descriptor: FileDescriptor

    /// Takes over SIGINT, SIGTERM and SIGHUP from here on, and makes writing to a closed pipe an error, not a signal.
    public init() {
        signal(SIGPIPE, SIG_IGN)
        var wanted = sigset_t()
        sigemptyset(&wanted)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&wanted, number) }
        pthread_sigmask(SIG_BLOCK, &wanted, nil)
        descriptor = FileDescriptor(owning: signalfd(-1, &wanted, Int32(SFD_CLOEXEC | SFD_NONBLOCK)))
    }

    /// Waits for a signal and takes it.
    public func wait() {
        var request = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        while !takeOne() { poll(&request, 1, -1) }
    }

    /// Takes one waiting signal; false when there is none.
    public func takeOne() -> Bool { Self.takeOne(from: descriptor.number) }

    /// `takeOne()` of the inbox whose descriptor this is.
    public static func takeOne(from number: Int32) -> Bool {
        let bytes = FileDescriptor.read(number, upTo: MemoryLayout<signalfd_siginfo>.size)
        return bytes.map { !$0.isEmpty } ?? false
    }
}
