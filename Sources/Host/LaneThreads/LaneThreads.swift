import CLinux
import Glibc
import HostSystem
import MonotonicTime
import Tensor

/// A lane crew on Linux: one of the program's threads leads, each lane is a thread of its own.
///
/// Lanes spin while there is work and for a millisecond after it, then wait in the kernel. `stop` ends them; without it
/// they live as long as the process.
///
/// SAFETY (@unchecked Sendable): only its owner calls `stop`, which alone changes anything after `init`.
public final class LaneThreads: @unchecked Sendable {
    public let crew: LaneCrew
    private var threads: [pthread_t] = []
    /// Each participant's, the leader's first; empty where threads float.
    private let processors: [Int]

    /// Where the threads run.
    public enum Placement: Sendable {
        /// Wherever the scheduler puts them.
        case floating
        /// Each on a processor of its own, the leader's too once it calls `pinLeader`. Linux puts threads that spin on
        /// one processor now and then, and a step then takes twice as long. With more participants than processors, as
        /// `floating`.
        case pinned
    }

    /// How long a lane without work spins: longer than a pass is ever interrupted for, and short enough that an idle
    /// process is idle.
    private static let spinInterval = Interval.milliseconds(1)

    /// - Parameter participantCount: threads that compute, the leader's included.
    public init(participantCount: Int, placement: Placement = .floating) {
        crew = LaneCrew(
            capacity: participantCount, wake: { _, word in linux_wake_word(word) }, yield: { _ = sched_yield() })
        let allowed = placement == .pinned ? HostProcessors.allowed() : []
        processors = allowed.count < participantCount ? [] : allowed
        for lane in 1..<max(participantCount, 1) {
            start(processor: processors.isEmpty ? nil : processors[lane])
        }
        while crew.participantCount < threads.count + 1 { _ = sched_yield() }
    }

    /// Confines the calling thread, which is to lead, to a processor that no lane has.
    public func pinLeader() {
        if let first = processors.first { _ = linux_pin_to_processor(0, Int32(first)) }
    }

    /// Ends the lanes and waits for them. The crew goes on as a leader alone.
    public func stop() {
        crew.dismiss()
        for thread in threads { pthread_join(thread, nil) }
        threads.removeAll()
    }

    private func start(processor: Int?) {
        let crew = crew
        let started = HostThread.start {
            if let processor { _ = linux_pin_to_processor(0, Int32(processor)) }
            Self.serve(crew)
        }
        // Without a thread the crew is smaller; the others do its share.
        if case .success(let thread) = started { threads.append(thread) }
    }

    /// A lane's life.
    private static func serve(_ crew: LaneCrew) {
        guard let lane = crew.enlist() else { return }
        var idleSince = HostClock.now
        let isPatient: (Bool) -> Bool = { hasWorked in
            let now = HostClock.now
            if hasWorked { idleSince = now }
            return now < idleSince + spinInterval
        }
        while crew.serve(as: lane, while: isPatient) {
            crew.rest(as: lane, linux_wait_on_word)
            idleSince = HostClock.now
        }
    }
}
