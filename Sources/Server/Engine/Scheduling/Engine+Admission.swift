import Law
import MonotonicTime
import Transformer

/// Who waits, and who gets a place.
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

    // MARK: Places

    /// Gives waiting generations a place while there are any. One that finds no KV memory keeps the others behind it:
    /// were it overtaken for ever by smaller ones, it would never run.
    mutating func admit(now: Instant) {
        while let index = nextToAdmit() {
            let generation = waiting[index]
            guard generation.hasWork else {
                dequeue(at: index)
                finish(generation, .length, now: now)
                continue
            }
            let hasPlace = running.count < placeLimit
            if hasPlace, let sequence = openSequence(for: generation) {
                dequeue(at: index)
                place(generation, sequence, now: now)
            } else if hasPlace, running.isEmpty {
                dequeue(at: index)
                finish(generation, .outOfMemory, now: now)
            } else {
                guard displaceSomebody(for: generation, now: now) else { return }
            }
        }
    }

    /// The generation whose turn it is: of the subject with the fewest places for its weight, the one that came first,
    /// where its priority moves its arrival.
    private func nextToAdmit() -> Int? {
        var chosen: Int?
        for index in waiting.indices where !waiting[index].isLeaderBehind {
            guard let best = chosen else {
                chosen = index
                continue
            }
            if waiting[index].isAdmitted(before: waiting[best]) { chosen = index }
        }
        return chosen
    }

    private mutating func place(_ generation: Generation, _ sequence: SequenceID, now: Instant) {
        generation.state = .running(sequence)
        generation.account.runningCount += 1
        generation.hasMoved = false
        generation.placedAt = now
        // From here on a token allocates nothing.
        generation.tokens.reserveCapacity(generation.reservedCount + 1)
        running.append(generation)
    }

    /// Sends a generation of the subject with most places back to the queue, for one of a subject that would still have
    /// no more than it afterwards: somebody who fills all places does not keep others out for as long as a reply takes.
    /// What was computed stays among the prefixes.
    private mutating func displaceSomebody(for generation: Generation, now: Instant) -> Bool {
        guard now - generation.queuedAt >= Limits.displacementWait, let largest = accounts.largest,
            largest !== generation.account,
            !largest.hasFewerPlaces(than: generation.account, gaining: -1, otherGaining: 1),
            let index = running.lastIndex(where: { $0.account === largest })
        else { return false }
        let displaced = running[index]
        release(at: index)
        enqueue(displaced, now: now)
        statistics.displacedGenerations += 1
        return true
    }

    /// Frees a running generation's place, and leaves its tokens among the prefixes.
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
    /// Whether it gets a place before `other`, when both wait for one.
    fileprivate func isAdmitted(before other: Generation) -> Bool {
        if hasMoved != other.hasMoved { return hasMoved }
        if account.hasFewerPlaces(than: other.account) { return true }
        if other.account.hasFewerPlaces(than: account) { return false }
        if account.virtualTime != other.account.virtualTime { return account.virtualTime < other.account.virtualTime }
        return precedes(other)
    }
}
