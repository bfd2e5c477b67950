import CIntrinsics
import Synchronization

// A lane's life, driven by the platform that gives it a core:
//
//     let lane = crew.enlist()
//     while crew.serve(as: lane, while: { ... }) {
//         crew.rest(as: lane) { word, value in /* wait while *word == value */ }
//     }

extension LaneCrew {
    /// Makes the caller a lane.
    ///
    /// - Returns: its number as a participant, from 1 up; nil when the crew is complete.
    public func enlist() -> Int? {
        var count = enlistedCount.load(ordering: .relaxed)
        while count < capacity {
            let (exchanged, original) = enlistedCount.compareExchange(
                expected: count, desired: count + 1, ordering: .acquiringAndReleasing)
            if exchanged { return count }
            count = original
        }
        return nil
    }

    /// Works on whatever the leader runs, and spins in between, until there is nothing to do and `isPatient` says not
    /// to wait any longer.
    ///
    /// - Parameter isPatient: asked now and then with the lane idle; true as long as it shall go on spinning. It is
    ///   given whether the lane has worked since it was asked last.
    /// - Returns: false when the crew was dismissed and the lane is to end.
    public func serve(as lane: Int, while isPatient: (_ hasWorked: Bool) -> Bool) -> Bool {
        let slot = slots + lane
        while !isDismissed.load(ordering: .relaxed) {
            var hasWorked = false
            var spins = 0
            while spins < Limits.spinsOfPatience {
                if ChunkRange(bits: slot.pointee.unclaimed.load(ordering: .relaxed)).isEmpty {
                    spin_pause()
                    spins += 1
                } else if workOnPhase(as: lane) {
                    hasWorked = true
                    spins = 0
                }
            }
            guard isPatient(hasWorked) else { return true }
        }
        return false
    }

    /// Lets the lane rest until the leader has work for it.
    ///
    /// - Parameter wait: blocks while the word has the value, or returns early: it is called again. A wake-up that
    ///   comes after the word has changed must not be needed.
    public func rest(as lane: Int, _ wait: (_ word: UnsafeMutablePointer<UInt32>, _ value: UInt32) -> Void) {
        let slot = slots + lane
        let resting = LaneState.resting.rawValue
        slot.pointee.state.store(resting, ordering: .sequentiallyConsistent)
        // The converse of the order in `rouse`.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard ChunkRange(bits: slot.pointee.unclaimed.load(ordering: .relaxed)).isEmpty,
            !isDismissed.load(ordering: .relaxed)
        else { return slot.pointee.state.store(LaneState.awake.rawValue, ordering: .sequentiallyConsistent) }
        while slot.pointee.state.load(ordering: .acquiring) == resting {
            wait(stateWord(of: lane), resting)
        }
    }

    /// Sends all lanes away: their `serve` returns false. The leader calls it between phases.
    public func dismiss() {
        isDismissed.store(true, ordering: .sequentiallyConsistent)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        for lane in 1..<max(participantCount, 1) {
            slots[lane].state.store(LaneState.awake.rawValue, ordering: .sequentiallyConsistent)
            wake(lane, stateWord(of: lane))
        }
    }

    /// Forgets the lanes, which are gone with the machine that they ran on: whoever enlists is new. The leader calls it
    /// between phases.
    public func forgetLanes() {
        for lane in 1..<max(capacity, 1) {
            slots[lane].state.store(LaneState.awake.rawValue, ordering: .sequentiallyConsistent)
        }
        forgetTimes()
        enlistedCount.store(1, ordering: .sequentiallyConsistent)
    }

    /// The word that a resting lane waits on.
    func stateWord(of lane: Int) -> UnsafeMutablePointer<UInt32> {
        precondition(lane > 0 && lane < capacity, "no such lane")
        let offset = lane * MemoryLayout<LaneSlot>.stride + LaneSlot.stateOffset
        // SAFETY: an atomic is laid out as its value, and the slot outlives every lane.
        return (UnsafeMutableRawPointer(slots) + offset).assumingMemoryBound(to: UInt32.self)
    }
}
