import Law
import MonotonicTime
import Transformer

/// Who waits, and who gets a slot.
extension Engine where LM: ~Copyable {
    // MARK: The queue

    /// Refuses `count` more sequences when the subject's queue, or everybody's, has no room for all of them.
    public mutating func checkRoom(for count: Int, of subject: SubjectID) throws(GenerationRejection) {
        let ownRoom = configuration.waitingMax - accounts.waitingCount(of: subject)
        guard count <= min(ownRoom, configuration.waitingTotalMax - waiting.count) else {
            statistics.refusedForQueue += UInt64(count)
            throw .overloaded(retryAfterSeconds: retryAfterSeconds)
        }
    }

    mutating func enqueue(_ generation: Generation, now: Instant) {
        generation.state = .waiting
        generation.queuedAt = now
        generation.account.waitingCount += 1
        waiting.append(generation)
    }

    /// Takes a generation out of the queue.
    @discardableResult
    mutating func dequeue(at index: Int) -> Generation {
        let generation = waiting.remove(at: index)
        generation.account.waitingCount -= 1
        return generation
    }

    // MARK: Slots

    /// Gives waiting generations a slot while there are any. One that finds no KV memory keeps the others behind it:
    /// were it overtaken for ever by smaller ones, it would never run.
    mutating func admit(now: Instant) {
        while let index = nextToAdmit() {
            let generation = waiting[index]
            guard generation.hasWork else {
                dequeue(at: index)
                finish(generation, .length, now: now)
                continue
            }
            let hasSlot = running.count < slotCountMax
            if hasSlot, let sequence = openSequence(for: generation) {
                dequeue(at: index)
                giveSlot(to: generation, sequence, now: now)
            } else if hasSlot, running.isEmpty {
                dequeue(at: index)
                finish(generation, .outOfMemory, now: now)
            } else {
                guard preempt(for: generation, now: now) else { return }
            }
        }
    }

    /// The generation whose turn it is: of the subject with the fewest slots for its weight, the one that came first,
    /// where its priority moves its arrival.
    private func nextToAdmit() -> Int? {
        var chosen: Int?
        for index in waiting.indices where !waiting[index].isPrimaryBehind {
            guard let best = chosen else {
                chosen = index
                continue
            }
            if waiting[index].isAdmitted(before: waiting[best]) { chosen = index }
        }
        return chosen
    }

    private mutating func giveSlot(to generation: Generation, _ sequence: SequenceID, now: Instant) {
        generation.state = .running(sequence)
        generation.account.runningCount += 1
        generation.hasMoved = false
        generation.slotTakenAt = now
        // From here on a token allocates nothing.
        generation.tokens.reserveCapacity(generation.reservedCount + 1)
        running.append(generation)
    }

    /// Sends a generation of the subject with most slots back to the queue, for one of a subject that would still have
    /// no more than it afterwards: a subject that fills all slots does not keep others out while a reply takes.
    /// What was computed stays among the prefixes.
    private mutating func preempt(for generation: Generation, now: Instant) -> Bool {
        guard now - generation.queuedAt >= EngineLimits.preemptionWait, let largest = accounts.largest,
            largest !== generation.account,
            !largest.isFurtherBelowShare(than: generation.account, gaining: -1, otherGaining: 1),
            let index = running.lastIndex(where: { $0.account === largest })
        else { return false }
        let preempted = running[index]
        release(at: index)
        enqueue(preempted, now: now)
        statistics.preemptedGenerations += 1
        return true
    }

    /// Frees a running generation's slot, and leaves its tokens among the prefixes.
    mutating func release(at index: Int) {
        let generation = running.remove(at: index)
        generation.account.runningCount -= 1
        keepPrefix(of: generation)
        if case .running(let sequence) = generation.state { model.closeSequence(sequence) }
        generation.cachedCount = 0
        generation.reservedCount = 0
    }

    /// Queues a generation that has outgrown its reservation ahead of all others: it comes back at once with a larger
    /// one, and finds its tokens among the prefixes, unless others have needed the memory.
    mutating func moveToLargerReservation(_ generation: Generation, now: Instant) {
        guard let index = running.firstIndex(where: { $0 === generation }) else { return }
        release(at: index)
        generation.hasMoved = true
        enqueue(generation, now: now)
    }
}

extension Generation {
    /// Whether it gets a slot before `other`, when both wait for one.
    fileprivate func isAdmitted(before other: Generation) -> Bool {
        if hasMoved != other.hasMoved { return hasMoved }
        if account.isFurtherBelowShare(than: other.account) { return true }
        if other.account.isFurtherBelowShare(than: account) { return false }
        if account.virtualTime != other.account.virtualTime { return account.virtualTime < other.account.virtualTime }
        return precedes(other)
    }
}
