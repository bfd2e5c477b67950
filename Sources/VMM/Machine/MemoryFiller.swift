import CLinux
import Glibc

/// Fills the guest's memory in a thread of its own, while the rest of the machine is made: the host clears each page
/// that is touched first, which takes as long as all the rest together. The thread's end is waited for when this object
/// goes.
final class MemoryFiller {
    private let task: Task
    private var thread = pthread_t()

    /// - Parameters:
    ///   - fill: what `entry` waits for.
    ///   - afterwards: what nobody waits for; the guest may run by then.
    init(
        fill: @escaping @Sendable () throws(VMMError) -> EntryState, afterwards: @escaping @Sendable () -> Void = {}
    ) throws(VMMError) {
        task = Task(fill, afterwards, done: try EventDescriptor())
        let context = Unmanaged.passRetained(task)
        let failure = pthread_create(&thread, nil, { context in
            // SAFETY: the reference was retained for this thread.
            Unmanaged<Task>.fromOpaque(context!).takeRetainedValue().run()
            return nil
        }, context.toOpaque())
        guard failure == 0 else {
            context.release()
            throw .system(call: "pthread_create", errno: failure)
        }
        linux_name_thread(thread, "memory")
    }

    deinit { pthread_join(thread, nil) }

    /// Waits until the memory is filled: how the first processor starts.
    func entry() throws(VMMError) -> EntryState {
        task.done.wait()
        guard let outcome = task.outcome else { preconditionFailure("memory was filled without an outcome") }
        return try outcome.get()
    }

    /// SAFETY (@unchecked Sendable): `outcome` is the thread's alone until `done`, and never changes after that.
    private final class Task: @unchecked Sendable {
        private let fill: @Sendable () throws(VMMError) -> EntryState
        private let afterwards: @Sendable () -> Void
        private(set) var outcome: Result<EntryState, VMMError>?
        let done: EventDescriptor

        init(
            _ fill: @escaping @Sendable () throws(VMMError) -> EntryState, _ afterwards: @escaping @Sendable () -> Void,
            done: consuming EventDescriptor
        ) {
            self.fill = fill
            self.afterwards = afterwards
            self.done = done
        }

        func run() {
            do throws(VMMError) { outcome = .success(try fill()) } catch { outcome = .failure(error) }
            done.signal()
            afterwards()
        }
    }
}
