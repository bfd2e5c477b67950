import Boot
import KernelCore
import MonotonicTime
import _Concurrency

/// The scheduler: runs ready jobs, wakes sleepers when their time has come and waiters when a device has interrupted,
/// and halts the core when there is nothing to do.
struct Executor {
    private enum Sleeper {
        case continuation(UnsafeContinuation<Void, Never>)
        case job(RunQueue.Job)
    }

    private struct InterruptWaiter {
        var continuation: UnsafeContinuation<Void, Never>
        var deadline: Instant
    }

    private var sleepers = TimerQueue<Sleeper>()
    /// A handful: the tasks that drive devices.
    private var interruptWaiters: [InterruptWaiter] = []
    /// Tasks that have let the others go first.
    private var yielded: [UnsafeContinuation<Void, Never>] = []
    /// When the APIC timer will fire. Programming it costs an exit, so one that fires early enough is left alone.
    private var timerArmedFor: Instant = .distantFuture
    /// How often the core has halted: an idle machine's count stands still.
    private(set) var haltCount: UInt64 = 0

    /// Shorter waits are spun: halting and being woken costs more.
    private static var spinInterval: Interval { .microseconds(50) }
}

// MARK: - For tasks

extension Executor {
    /// Suspends the calling task until `deadline`.
    static func sleep(until deadline: Instant) async {
        await withUnsafeContinuation { continuation in
            Machine.executor.sleepers.insert(.continuation(continuation), at: deadline)
        }
    }

    /// Lets the other tasks run, and devices be heard, before the calling task goes on. `Task.yield` would make a job
    /// for it; this allocates nothing.
    static func yield() async {
        await withUnsafeContinuation { continuation in Machine.executor.yielded.append(continuation) }
    }

    /// Suspends the calling task until some device interrupts, and until `deadline` at the latest. An interrupt that
    /// came after the caller armed it is not missed: the mark it left keeps the core from halting.
    static func waitForInterrupt(until deadline: Instant) async {
        await withUnsafeContinuation { continuation in
            let waiter = InterruptWaiter(continuation: continuation, deadline: deadline)
            Machine.executor.interruptWaiters.append(waiter)
        }
    }
}

extension Executor {
    /// The machine's timer is another one, which nobody has armed.
    static func forgetTimer() { Machine.executor.timerArmedFor = .distantFuture }

    /// Wakes the tasks that wait for interrupts as if one had come.
    static func wakeInterruptWaiters() { Machine.executor.wakeInterruptWaiters { _ in true } }
}

// MARK: - The loop

extension Executor {
    @_silgen_name("_swift_job_run_c")
    private static func runJob(_ job: RunQueue.Job, _ executor: ExecutorReference)

    static func run(_ job: RunQueue.Job) { runJob(job, .generic) }

    static func runForever() -> Never {
        while true {
            if let job = Machine.runQueue.pop() { run(job) }
            Machine.executor.wakeDue()
            Machine.executor.resumeYielded()
            if Machine.runQueue.isEmpty { Machine.executor.rest() }
        }
    }

    mutating func runLater(_ job: RunQueue.Job, at deadline: Instant) {
        sleepers.insert(.job(job), at: deadline)
    }

    private mutating func wakeDue() {
        if boot_is_any_pending() {
            boot_clear_pending_any()
            if boot_take_pending(LocalAPIC.timerVector) { timerArmedFor = .distantFuture }
            wakeInterruptWaiters { _ in true }
        }
        guard nextDeadline != .distantFuture else { return }
        let now = MachineClock.now
        while let sleeper = sleepers.popExpired(now: now) {
            switch sleeper {
            case .continuation(let continuation): continuation.resume()
            case .job(let job): Machine.runQueue.push(job)
            }
        }
        wakeInterruptWaiters { $0.deadline <= now }
    }

    private mutating func resumeYielded() {
        for index in yielded.indices { yielded[index].resume() }
        yielded.removeAll(keepingCapacity: true)
    }

    private mutating func wakeInterruptWaiters(where isDue: (InterruptWaiter) -> Bool) {
        var kept = 0
        for index in interruptWaiters.indices {
            let waiter = interruptWaiters[index]
            if isDue(waiter) {
                waiter.continuation.resume()
            } else {
                interruptWaiters[kept] = waiter
                kept += 1
            }
        }
        interruptWaiters.removeLast(interruptWaiters.count - kept)
    }

    private var nextDeadline: Instant {
        interruptWaiters.reduce(sleepers.nextDeadline) { min($0, $1.deadline) }
    }

    /// Nothing is ready: halts until the next deadline or interrupt.
    private mutating func rest() {
        let deadline = nextDeadline
        let now = MachineClock.now
        guard deadline > now + Self.spinInterval else { return boot_pause() }
        if deadline < timerArmedFor {
            LocalAPIC.armTimer(after: deadline - now)
            timerArmedFor = deadline
        }
        haltCount += 1
        boot_idle()
    }
}
