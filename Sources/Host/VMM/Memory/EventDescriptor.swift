import CLinux
import Glibc
import HostSystem

/// An eventfd: a counter that one side raises and the other waits for and takes.
struct EventDescriptor: ~Copyable {
    private let descriptor: FileDescriptor

    init() throws(VMMError) {
        let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard number >= 0 else { throw .system(call: "eventfd", errno: errno) }
        descriptor = FileDescriptor(owning: number)
    }

    var number: Int32 { descriptor.number }

    /// Raises the counter. From any thread.
    func signal() { Self.signal(number) }

    /// Raises the counter of a descriptor owned elsewhere.
    static func signal(_ number: Int32) { eventfd_write(number, 1) }

    /// Waits until the counter is above zero, and leaves it there: any number of threads may wait.
    func wait() {
        var request = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, -1) < 0 && errno == EINTR {}
    }

    /// Takes the counter back to zero.
    func clear() {
        var value: eventfd_t = 0
        eventfd_read(descriptor.number, &value)
    }
}
