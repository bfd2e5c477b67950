import CLinux
import Glibc

/// A thread of this process.
enum HostThread {
    /// Starts a thread that runs `body`; whoever started it joins it.
    ///
    /// - Parameter name: up to 15 bytes.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(VMMError) -> pthread_t {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(run: body))
        let failure = pthread_create(&thread, nil, { context in
            // SAFETY: the reference was retained for this thread.
            Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
            return nil
        }, context.toOpaque())
        guard failure == 0 else {
            // Nobody else will.
            context.release()
            throw .system(call: "pthread_create", errno: failure)
        }
        linux_name_thread(thread, name)
        return thread
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
