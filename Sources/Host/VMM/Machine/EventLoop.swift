import CLinux
import Glibc
import HostSystem

/// Waits for descriptors and calls the handlers registered for them, on the thread that runs it.
final class EventLoop {
    struct Interest: OptionSet {
        let rawValue: UInt32
        static let reading = Interest(rawValue: EPOLLIN.rawValue)
        static let writing = Interest(rawValue: EPOLLOUT.rawValue)
        /// Never asked for, always reported: the other side is gone.
        static let broken = Interest(rawValue: EPOLLERR.rawValue)
        /// As `broken`: both directions are finished.
        static let finished = Interest(rawValue: EPOLLHUP.rawValue)
    }

    private let epoll: FileDescriptor
    private var handlers: [Int32: (Interest) -> Void] = [:]
    private var isStopped = false

    init() throws(VMMError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .system(call: "epoll_create1", errno: errno) }
        epoll = FileDescriptor(owning: number)
    }

    /// Calls `handler`, with what is so, whenever `descriptor` is ready for any of `interest`, broken or finished.
    /// Level triggered. The owner calls `forget` before it closes the descriptor.
    func watch(
        _ descriptor: Int32, for interest: Interest, _ handler: @escaping (Interest) -> Void
    ) throws(VMMError) {
        guard try watchIfPossible(descriptor, for: interest, handler) else {
            throw .system(call: "epoll_ctl", errno: EPERM)
        }
    }

    /// As `watch`; false for what is always ready and cannot be waited for, such as regular files.
    func watchIfPossible(
        _ descriptor: Int32, for interest: Interest, _ handler: @escaping (Interest) -> Void
    ) throws(VMMError) -> Bool {
        guard control(EPOLL_CTL_ADD, descriptor, interest) == 0 else {
            if errno == EPERM { return false }
            throw .system(call: "epoll_ctl", errno: errno)
        }
        handlers[descriptor] = handler
        return true
    }

    /// Changes what a watched descriptor is waited for; when empty only for it to be broken or finished.
    func change(_ descriptor: Int32, to interest: Interest) { _ = control(EPOLL_CTL_MOD, descriptor, interest) }

    func forget(_ descriptor: Int32) {
        guard handlers.removeValue(forKey: descriptor) != nil else { return }
        _ = control(EPOLL_CTL_DEL, descriptor, [])
    }

    /// Makes `run` return after the handler that called this.
    func stop() { isStopped = true }

    /// Serves until `stop`.
    func run() {
        isStopped = false
        while !isStopped { _ = runOnce(timeoutMilliseconds: -1) }
    }

    /// Serves what is ready now, or the first that is within the time; false when nothing was.
    func runOnce(timeoutMilliseconds: Int32) -> Bool {
        var events = [64 of epoll_event](repeating: epoll_event())
        let count = withUnsafeMutablePointer(to: &events) { pointer in
            // SAFETY: an inline array is its elements, one after another.
            epoll_wait(
                epoll.number, UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: epoll_event.self), 64,
                timeoutMilliseconds)
        }
        // Fewer than none: a signal, whose descriptor is among those waited for.
        for index in 0..<max(Int(count), 0) {
            // A handler before this one may have removed it.
            handlers[events[index].data.fd]?(Interest(rawValue: events[index].events))
        }
        return count != 0
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Interest) -> Int32 {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(fd: descriptor))
        return epoll_ctl(epoll.number, operation, descriptor, &event)
    }
}
