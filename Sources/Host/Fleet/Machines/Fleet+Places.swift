import MonotonicTime

/// Who has one of the places for machines.
extension Fleet {
    /// Stops what has been idle, and starts what is wanted where there is a place or one can be made.
    mutating func placeMachines(now: Instant) {
        stopIdle(now: now)
        // Places that become free; each is promised to the first who waits for one.
        var leavingCount = machines.values.count { !$0.isLive }
        for index in modelsByUrgency() {
            for _ in 0..<missingMachineCount(index, now: now) {
                if machines.count < policy.residentMax {
                    start(index, now: now)
                } else if leavingCount > 0 {
                    leavingCount -= 1
                } else if let id = machineToReplace(forModel: index, now: now) {
                    models[machines[id]?.model ?? index].statistics.evictionCount += 1
                    drain(id, stopBy: .distantFuture, now: now)
                } else {
                    return
                }
            }
        }
    }

    func modelDeadlines(_ model: ModelRecord) -> [Instant] {
        var instants = [model.lastUsed + policy.idleTimeout]
        if let id = model.waiting.first, let request = requests[id] {
            instants += [request.arrived + policy.waitMax, request.arrived + policy.patience]
        }
        if let failure = model.failure { instants.append(failure.retryAt) }
        return instants
    }

    private mutating func start(_ index: Int, now: Instant) {
        let id = makeMachineID()
        let taken = models[index].machines.compactMap { machines[$0]?.replica }
        let replica = (0...taken.count).first { !taken.contains($0) } ?? taken.count
        machines[id] = MachineRecord(id: id, model: index, replica: replica, started: now)
        models[index].machines.append(id)
        models[index].statistics.startCount += 1
        act(.start(id, model: index))
    }

    private mutating func stopIdle(now: Instant) {
        for index in models.indices where isIdle(index) && models[index].lastUsed + policy.idleTimeout <= now {
            for id in models[index].machines where machines[id]?.isReady == true {
                models[index].statistics.idleStopCount += 1
                drain(id, stopBy: .distantFuture, now: now)
            }
        }
    }

    private func isIdle(_ index: Int) -> Bool {
        let model = models[index]
        return !model.runsAlways && model.waiting.isEmpty
            && model.machines.allSatisfy { machines[$0]?.requests.isEmpty ?? true }
    }

    /// Those whose first request came first; then those that run in any case.
    private func modelsByUrgency() -> [Int] {
        func since(_ index: Int) -> Instant {
            models[index].waiting.first.flatMap { requests[$0]?.arrived } ?? .distantFuture
        }
        return models.indices.filter { models[$0].runsAlways || !models[$0].waiting.isEmpty }
            .map { (since: since($0), index: $0) }
            .sorted { $0 < $1 }
            .map(\.index)
    }

    private func missingMachineCount(_ index: Int, now: Instant) -> Int {
        let model = models[index]
        if isShuttingDown || model.failure.map({ $0.retryAt > now }) ?? false { return 0 }
        return max(0, model.replicaCount - model.machines.count { machines[$0]?.isLive == true })
    }

    /// A machine of the least recently used idle model; or, if the request has waited long enough, of the least
    /// recently used busy one, which then ends when it has answered what it has.
    private func machineToReplace(forModel wanting: Int, now: Instant) -> MachineID? {
        let others = models.indices.filter { $0 != wanting && !models[$0].runsAlways }
            .sorted { (models[$0].lastUsed, $0) < (models[$1].lastUsed, $1) }
        func firstMachine(_ isFit: (MachineRecord) -> Bool) -> MachineID? {
            for index in others {
                if let id = models[index].machines.first(where: { machines[$0].map(isFit) ?? false }) { return id }
            }
            return nil
        }
        if let id = firstMachine({ $0.isReady && isIdle($0.model) }) { return id }
        guard let first = models[wanting].waiting.first, let request = requests[first],
            request.arrived + policy.patience <= now
        else { return nil }
        return firstMachine { machine in
            // One that has just been started gets the time to answer something.
            if case .ready(let since) = machine.state { since + policy.patience <= now } else { false }
        }
    }
}
