import KernelCore
import MonotonicTime

// The functions through which the Swift concurrency runtime reaches its executor (swift/ExecutorImpl.h). There is one
// executor, the main one is the generic one, and every job goes to its run queue.

/// `SwiftExecutorRef`.
public struct ExecutorReference {
    var identity: UInt
    var implementation: UInt

    static var generic: ExecutorReference { ExecutorReference(identity: 0, implementation: 0) }
}

@_silgen_name("swift_task_enqueueGlobalImpl")
public func enqueueGlobal(_ job: UnsafeMutableRawPointer) {
    Machine.runQueue.push(job)
}

@_silgen_name("swift_task_enqueueMainExecutorImpl")
public func enqueueMainExecutor(_ job: UnsafeMutableRawPointer) {
    Machine.runQueue.push(job)
}

@_silgen_name("swift_task_enqueueGlobalWithDelayImpl")
public func enqueueGlobalWithDelay(_ nanoseconds: UInt64, _ job: UnsafeMutableRawPointer) {
    Machine.executor.runLater(job, at: MachineClock.now + .nanoseconds(nanoseconds))
}

@_silgen_name("swift_task_enqueueGlobalWithDeadlineImpl")
public func enqueueGlobalWithDeadline(
    _ seconds: Int64, _ nanoseconds: Int64, _ toleranceSeconds: Int64, _ toleranceNanoseconds: Int64, _ clock: CInt,
    _ job: UnsafeMutableRawPointer
) {
    let deadline = Interval.seconds(UInt64(max(0, seconds))) + .nanoseconds(UInt64(max(0, nanoseconds)))
    Machine.executor.runLater(job, at: .origin + deadline)
}

@_silgen_name("swift_task_getMainExecutorImpl")
public func getMainExecutor() -> ExecutorReference { .generic }

@_silgen_name("swift_task_isMainExecutorImpl")
public func isMainExecutor(_ executor: ExecutorReference) -> Bool { executor.identity == 0 }

@_silgen_name("swift_task_checkIsolatedImpl")
public func checkIsolated(_ executor: ExecutorReference) {}

/// Minus one: "unknown", which sends the runtime to `checkIsolated`.
@_silgen_name("swift_task_isIsolatingCurrentContextImpl")
public func isIsolatingCurrentContext(_ executor: ExecutorReference) -> Int8 { -1 }

@_silgen_name("swift_task_asyncMainDrainQueueImpl")
public func asyncMainDrainQueue() -> Never { Panic.stop("the executor was asked to run twice") }

@_silgen_name("swift_task_donateThreadToGlobalExecutorUntilImpl")
public func donateThreadToGlobalExecutor(
    _ condition: @convention(c) (UnsafeMutableRawPointer?) -> Bool, _ context: UnsafeMutableRawPointer?
) {
    while !condition(context), let job = Machine.runQueue.pop() {
        Executor.run(job)
    }
}
