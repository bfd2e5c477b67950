import CLinux
import Glibc

/// A thread of this process.
public enum HostThread {
    /// Why there is no thread.
    public struct Failure: Error, Equatable {
        /// Of `pthread_create`.
        public let errorNumber: Int32
    }

    /// Starts a thread that runs `body`.
    ///
    /// - Parameters:
    ///   - name: up to 15 bytes; this program's when nil.
    ///   - stackByteCount: what the system gives a thread when nil.
    ///   - isDetached: whether nobody joins it, as whoever started it must otherwise.
    @discardableResult
    public static func start(
        _ name: String? = nil, stackByteCount: Int? = nil, isDetached: Bool = false,
        _ body: @escaping @Sendable () -> Void
    ) -> Result<pthread_t, Failure> {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if isDetached { pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)) }
        if let stackByteCount { pthread_attr_setstacksize(&attributes, stackByteCount) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(run: body))
        let failure = pthread_create(
            &thread, &attributes,
            { context in
                // SAFETY: the reference was retained for this thread.
                Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard failure == 0 else {
            // Nobody else will.
            context.release()
            return .failure(Failure(errorNumber: failure))
        }
        // A detached thread may be gone by now.
        if let name, !isDetached { linux_name_thread(thread, name) }
        return .success(thread)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
