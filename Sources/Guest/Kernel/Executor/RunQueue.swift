/// Jobs that are ready to run, first come first served. Linked through the word that the runtime reserves for
/// schedulers in each job (swift/ExecutorImpl.h, `SwiftJob.schedulerPrivate`), so queueing allocates nothing.
struct RunQueue {
    // SAFETY: a job is the runtime's until it runs, and its third word is reserved for the scheduler's use.

    typealias Job = UnsafeMutableRawPointer

    private static var linkOffset: Int { 16 }

    private var head: Job?
    private var tail: Job?

    var isEmpty: Bool { head == nil }

    mutating func push(_ job: Job) {
        job.storeBytes(of: nil, toByteOffset: Self.linkOffset, as: Job?.self)
        if let tail {
            tail.storeBytes(of: job, toByteOffset: Self.linkOffset, as: Job?.self)
        } else {
            head = job
        }
        tail = job
    }

    mutating func pop() -> Job? {
        guard let job = head else { return nil }
        head = job.load(fromByteOffset: Self.linkOffset, as: Job?.self)
        if head == nil { tail = nil }
        return job
    }
}
