import Glibc

/// Threads for what waits on sockets: the pools of Dispatch and of tasks have a few for all tests together.
enum TestThread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own, which ends with it.
    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        // SAFETY: the pointer is the retained `Work`, which the thread takes over, once.
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        let failure = pthread_create(
            &thread, nil,
            { pointer in
                if let pointer { Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body() }
                return nil
            }, work)
        precondition(failure == 0, "no thread: \(failure)")
        pthread_detach(thread)
    }
}
