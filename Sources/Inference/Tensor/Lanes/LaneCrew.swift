import CIntrinsics
import Synchronization

/// The cores that work on one step together: a leader, which decides what is to be done and takes its share, and lanes
/// that do nothing but compute.
///
/// Work comes in *phases* of equally large *chunks*. Each participant has a contiguous part of a phase's chunks, the
/// same one every time a phase comes back, so that its caches keep what it needs; one that is done helps the others. A
/// lane that the host does not run therefore holds up a phase only while it is in the middle of a chunk. A phase ends
/// when all its chunks are complete: nobody ever touches data of an earlier phase. Where lanes hold up phase after
/// phase, because something else wants their cores, the leader works alone for a while (`LaneTrust`).
///
/// Only the leader calls `run`; bodies must not call it. Nothing here allocates after `init`.
///
/// SAFETY: for `@unchecked Sendable`, only the leader touches `trust` and the count of started chunks. It writes `job`
/// between phases, when no chunk can be claimed; participants read it after claiming one, and the atomics order the
/// two. Everything else is constant or atomic.
public final class LaneCrew: @unchecked Sendable {
    /// Does one chunk of a phase. `participant` is below the crew's capacity, and nobody else has it at the same time:
    /// it selects work space.
    public typealias Body = @convention(c) (_ context: UnsafeRawPointer, _ chunk: Int, _ participant: Int) -> Void

    /// Makes a lane return from the wait of its `rest`; `word` is the one that it waits on.
    public typealias Wake = @Sendable (_ lane: Int, _ word: UnsafeMutablePointer<UInt32>) -> Void

    /// The most participants, the leader included.
    public let capacity: Int
    /// The largest capacity that a crew can be given.
    public static var capacityMax: Int { Limits.participantsMax }
    let slots: UnsafeMutablePointer<LaneSlot>
    let enlistedCount = Atomic<Int>(1)
    let isDismissed = Atomic<Bool>(false)
    let wake: Wake
    private let yield: @Sendable () -> Void
    private var job: Job?
    /// Chunks of all phases so far.
    private var startedChunkCount: UInt64 = 0
    private let wakeCounter = Atomic<UInt64>(0)
    private var trust = LaneTrust()

    private struct Job {
        var body: Body
        var context: UnsafeRawPointer
    }

    /// - Parameters:
    ///   - capacity: the most participants, the leader included.
    ///   - yield: called when the leader has waited long for a lane's chunk: the place to let the lane's thread run
    ///     where threads share a core.
    public init(capacity: Int, wake: @escaping Wake, yield: @escaping @Sendable () -> Void = {}) {
        precondition(capacity > 0 && capacity <= Limits.participantsMax, "a crew has a leader, and a bounded size")
        self.capacity = capacity
        self.wake = wake
        self.yield = yield
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: capacity * MemoryLayout<LaneSlot>.stride, alignment: Limits.cacheLineBytes)
        slots = raw.bindMemory(to: LaneSlot.self, capacity: capacity)
        for index in 0..<capacity { (slots + index).initialize(to: LaneSlot()) }
    }

    /// A leader alone.
    public convenience init() {
        self.init(capacity: 1, wake: { _, _ in })
    }

    deinit {
        slots.deinitialize(count: capacity)
        UnsafeMutableRawPointer(slots).deallocate()
    }

    /// The timestamp counter has started anew.
    func forgetTimes() { trust.forgetTimes() }

    /// The leader and the lanes that have enlisted.
    public var participantCount: Int { enlistedCount.load(ordering: .acquiring) }

    /// How often a resting lane had to be woken.
    public var wakeCount: UInt64 { wakeCounter.load(ordering: .relaxed) }

    /// How often the leader had to wait long for a lane. The leader asks.
    public var stallCount: UInt64 { trust.stallCount }
}

// MARK: - The leader

extension LaneCrew {
    /// Has the crew call `body` once for every chunk of `0..<chunkCount`, and returns when all calls have returned.
    ///
    /// What the leader wrote before is visible to the bodies, and what they wrote is visible to the leader afterwards.
    public func run(chunkCount: Int, context: UnsafeRawPointer, _ body: Body) {
        precondition(chunkCount >= 0 && chunkCount <= Limits.chunksMax, "more chunks than a phase may have")
        let participants = min(participantCount, chunkCount)
        let start = timestamp_counter()
        guard participants > 1, trust.includesLanes(now: start) else {
            for chunk in 0..<chunkCount { body(context, chunk, 0) }
            return
        }
        job = Job(body: body, context: context)
        startedChunkCount &+= UInt64(chunkCount)
        // The leader's own part comes last: it is there to find.
        for index in (0..<participants).reversed() {
            let part = ChunkRange(index * chunkCount / participants..<(index + 1) * chunkCount / participants)
            slots[index].unclaimed.store(part.bits, ordering: .releasing)
        }
        rouse(participants)
        workOnPhase(as: 0)
        let waitStart = timestamp_counter()
        awaitCompletion()
        let end = timestamp_counter()
        trust.record(cycles: end &- start, waitCycles: end &- waitStart, now: end)
    }

    /// The same with a closure that captures what it needs. Costs one small allocation: not for the token path.
    public func run(chunkCount: Int, _ body: (_ chunk: Int, _ participant: Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { pointer in
                run(chunkCount: chunkCount, context: UnsafeRawPointer(pointer)) { context, chunk, participant in
                    // SAFETY: `context` points to the closure above, which lives until all chunks are complete.
                    context.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(chunk, participant)
                }
            }
        }
    }

    /// Has resting lanes be asked once more whether they are patient (`serve`). The leader calls it between phases.
    public func wakeLanes() {
        if participantCount > 1 { rouse(participantCount) }
    }

    /// Wakes those of the first `participants` that rest.
    private func rouse(_ participants: Int) {
        // Orders the stores of the parts before the loads of the states; a lane that goes to rest does the converse
        // (`rest`), so that at least one of the two sees the other.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        for index in 1..<participants where slots[index].state.load(ordering: .relaxed) == LaneState.resting.rawValue {
            slots[index].state.store(LaneState.awake.rawValue, ordering: .sequentiallyConsistent)
            wakeCounter.add(1, ordering: .relaxed)
            wake(index, stateWord(of: index))
        }
    }

    /// Waits until as many chunks are complete as were started. All have been claimed: what is missing is being worked
    /// on.
    private func awaitCompletion() {
        var spins = 0
        while completedChunkCount() != startedChunkCount {
            spin_pause()
            spins += 1
            if spins.isMultiple(of: Limits.spinsBeforeYield) { yield() }
        }
    }

    private func completedChunkCount() -> UInt64 {
        var total: UInt64 = 0
        for index in 0..<capacity { total &+= slots[index].completedCount.load(ordering: .acquiring) }
        return total
    }
}

// MARK: - Every participant

extension LaneCrew {
    /// Works on chunks, one's own first, until none of the phase is left to claim.
    ///
    /// - Returns: whether there was any.
    @discardableResult
    func workOnPhase(as participant: Int) -> Bool {
        let count = participantCount
        var found = false
        var owner = participant
        for _ in 0..<count {
            while let chunk = claim(from: owner) {
                found = true
                perform(chunk, as: participant)
            }
            owner = owner + 1 < count ? owner + 1 : 0
        }
        return found
    }

    /// Claims the next chunk of `owner`'s part.
    private func claim(from owner: Int) -> Int? {
        // A look first: an increment takes the cache line away from its owner.
        // SAFETY: owners are below the number of participants, who have a slot each.
        let slot = slots + owner
        guard !ChunkRange(bits: slot.pointee.unclaimed.load(ordering: .relaxed)).isEmpty else { return nil }
        // The part may be of a later phase by now; then this claims a chunk of that. Increments past the end are as
        // many as there are participants at most, and are forgotten with the phase.
        let range = ChunkRange(
            bits: slot.pointee.unclaimed.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue)
        return range.isEmpty ? nil : range.first
    }

    private func perform(_ chunk: Int, as participant: Int) {
        // Read after the chunk is claimed: the phase cannot end, nor `job` change, before the chunk is complete.
        guard let job else { preconditionFailure("a chunk without a job") }
        job.body(job.context, chunk, participant)
        let completed = slots[participant].completedCount.load(ordering: .relaxed)
        slots[participant].completedCount.store(completed &+ 1, ordering: .releasing)
    }
}
