import MonotonicTime

extension Fleet {
    /// A machine that was started answers requests.
    public mutating func machineReady(_ id: MachineID, now: Instant) {
        guard let machine = machines[id], machine.state == .starting else { return }
        machines[id]?.state = .ready(since: now)
        models[machine.model].failure = nil
        models[machine.model].statistics.startTimes.record(now - machine.started)
        // What it was started for counts as a use: idleness begins when there is something to use.
        models[machine.model].lastUsed = now
        settle(now: now)
    }

    /// A machine is gone, asked to or not; `reason` is a line for a person.
    public mutating func machineEnded(_ id: MachineID, reason: String, now: Instant) {
        guard let machine = machines[id] else { return }
        // The requests first: they must not be given to this machine again.
        for request in machine.requests.sorted(by: { $0.number > $1.number }) { takeBack(request, now: now) }
        machines[id] = nil
        models[machine.model].machines.removeAll { $0 == id }
        switch machine.state {
        case .starting:
            noteFailure(machine.model, reason, now: now)
        case .ready(let since):
            if now - since < policy.provenAfter {
                noteFailure(machine.model, reason, now: now)
            } else {
                models[machine.model].failureCount = 0
            }
        case .draining, .stopping:
            models[machine.model].failureCount = 0
        }
        settle(now: now)
    }

    /// Stops a model's machines, once they have answered what they have, for `drainMax` at most. The next request for
    /// it starts them again.
    public mutating func stop(model index: Int, now: Instant) {
        models[index].runsAlways = false
        refuseWaiting(index, .stopped)
        for id in models[index].machines { drain(id, stopBy: now + policy.drainMax, now: now) }
        settle(now: now)
    }

    /// Refuses what waits and what comes, and stops all machines like `stop`; a second call does not wait for answers.
    public mutating func shutDown(now: Instant) {
        let isUrgent = isShuttingDown
        isShuttingDown = true
        for index in models.indices {
            refuseWaiting(index, .shuttingDown)
            for id in models[index].machines {
                drain(id, stopBy: isUrgent ? now : now + policy.drainMax, now: now)
            }
        }
        settle(now: now)
    }

    func hasLiveMachine(_ model: ModelRecord) -> Bool {
        model.machines.contains { machines[$0]?.isLive == true }
    }

    /// Gives a machine no more requests; asks it to end when it has none.
    mutating func drain(_ id: MachineID, stopBy: Instant, now: Instant) {
        guard let machine = machines[id] else { return }
        switch machine.state {
        case .starting: ask(toEnd: id, now: now)
        case .ready: machines[id]?.state = .draining(stopBy: stopBy)
        case .draining(let earlier): machines[id]?.state = .draining(stopBy: min(stopBy, earlier))
        case .stopping: return
        }
        stopIfDrained(id, now: now)
    }

    mutating func stopIfDrained(_ id: MachineID, now: Instant) {
        guard let machine = machines[id], case .draining(let stopBy) = machine.state else { return }
        if machine.requests.isEmpty || stopBy <= now { ask(toEnd: id, now: now) }
    }

    /// Carries out what was only allowed until now.
    mutating func expireMachines(now: Instant) {
        for id in machines.keys.sorted() {
            switch machines[id]?.state {
            case .draining:
                stopIfDrained(id, now: now)
            case .stopping(let killAt) where killAt <= now:
                machines[id]?.state = .stopping(killAt: .distantFuture)
                act(.kill(id))
            case .starting, .ready, .stopping, nil:
                break
            }
        }
    }

    func machineDeadlines(_ machine: MachineRecord) -> [Instant] {
        switch machine.state {
        case .starting: []
        case .ready(let since): [machine.shunnedUntil, since + policy.patience]
        case .draining(let instant), .stopping(let instant): [instant]
        }
    }

    private mutating func ask(toEnd id: MachineID, now: Instant) {
        machines[id]?.state = .stopping(killAt: now + policy.stopMax)
        act(.stop(id))
    }

    private mutating func noteFailure(_ index: Int, _ reason: String, now: Instant) {
        models[index].failureCount += 1
        models[index].statistics.failedStartCount += 1
        let pause = policy.backoff(afterFailures: models[index].failureCount)
        let failure = ModelRecord.Failure(reason: reason, retryAt: now + pause)
        models[index].failure = failure
        // Another replica may still answer.
        if !hasLiveMachine(models[index]) { refuseWaiting(index, startFailed(failure, now: now)) }
    }

    func startFailed(_ failure: ModelRecord.Failure, now: Instant) -> Refusal {
        let milliseconds = (failure.retryAt - now).milliseconds
        return .startFailed(reason: failure.reason, retrySeconds: Int((milliseconds + 999) / 1_000))
    }
}
