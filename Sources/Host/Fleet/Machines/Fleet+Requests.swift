import MonotonicTime

extension Fleet {
    /// A request for the model of that index. `isRepeatable`: to compute it twice does no harm.
    public mutating func requestArrived(_ id: RequestID, model index: Int, isRepeatable: Bool, now: Instant) {
        let model = models[index]
        models[index].statistics.requestCount += 1
        if let refusal = refusalOnArrival(model, now: now) { return refuse(id, of: index, refusal) }
        models[index].lastUsed = now
        models[index].waiting.append(id)
        requests[id] = RequestRecord(model: index, isRepeatable: isRepeatable, arrived: now)
        settle(now: now)
    }

    /// The first byte of the answer is on its way to the client: from here on it cannot come from another machine.
    public mutating func responseBegan(_ id: RequestID) {
        requests[id]?.hasResponseBegun = true
        if let machine = requests[id]?.machine { machines[machine]?.shunnedUntil = .origin }
    }

    /// The answer is complete, or the client has gone. A request that the fleet has forgotten is left alone.
    public mutating func requestFinished(_ id: RequestID, now: Instant) {
        guard let request = requests.removeValue(forKey: id) else { return }
        models[request.model].lastUsed = now
        if let machine = request.machine {
            machines[machine]?.requests.remove(id)
            stopIfDrained(machine, now: now)
        } else {
            models[request.model].waiting.removeAll { $0 == id }
        }
        settle(now: now)
    }

    /// The connection that carried the request to its machine broke.
    public mutating func requestLost(_ id: RequestID, now: Instant) {
        guard let machine = requests[id]?.machine else { return }
        machines[machine]?.shunnedUntil = now + policy.shunTime
        takeBack(id, now: now)
        stopIfDrained(machine, now: now)
        settle(now: now)
    }

    private func refusalOnArrival(_ model: ModelRecord, now: Instant) -> Refusal? {
        if isShuttingDown { return .shuttingDown }
        if let failure = model.failure, failure.retryAt > now, !hasLiveMachine(model) {
            return startFailed(failure, now: now)
        }
        return model.waiting.count >= policy.waitingMax ? .queueFull : nil
    }

    /// Decides about a request that its machine will not answer.
    mutating func takeBack(_ id: RequestID, now: Instant) {
        guard var request = requests[id] else { return }
        if let machine = request.machine { machines[machine]?.requests.remove(id) }
        request.machine = nil
        if request.hasResponseBegun {
            requests[id] = nil
            act(.abort(id))
        } else if isShuttingDown || !request.isRepeatable || request.attemptCount >= policy.attemptsMax {
            refuse(id, of: request.model, isShuttingDown ? .shuttingDown : .machineLost)
        } else {
            requests[id] = request
            models[request.model].statistics.retryCount += 1
            enqueueAgain(id, request)
        }
    }

    /// The queue stays in the order of arrival.
    private mutating func enqueueAgain(_ id: RequestID, _ request: RequestRecord) {
        let waiting = models[request.model].waiting
        let place = waiting.firstIndex { requests[$0].map { $0.arrived >= request.arrived } ?? false }
        models[request.model].waiting.insert(id, at: place ?? waiting.endIndex)
    }

    /// Sends what waits to the machines that are there.
    mutating func dispatch(_ index: Int, now: Instant) {
        while let id = models[index].waiting.first, let machine = leastBusyMachine(of: index, now: now) {
            models[index].waiting.removeFirst()
            machines[machine]?.requests.insert(id)
            requests[id]?.machine = machine
            requests[id]?.attemptCount += 1
            act(.forward(id, to: machine))
        }
    }

    /// Of machines equally busy the oldest, whose caches know more.
    private func leastBusyMachine(of index: Int, now: Instant) -> MachineID? {
        let candidates = models[index].machines.compactMap { machines[$0] }
            .filter { $0.isReady && $0.shunnedUntil <= now }
        return candidates.min { ($0.requests.count, $0.id) < ($1.requests.count, $1.id) }?.id
    }

    /// Refuses requests that have waited too long. Those in front of a queue arrived first.
    mutating func expireWaiting(now: Instant) {
        for index in models.indices {
            while let id = models[index].waiting.first, let request = requests[id],
                request.arrived + policy.waitMax <= now
            {
                models[index].waiting.removeFirst()
                refuse(id, of: index, .waitedTooLong(seconds: Int(policy.waitMax.milliseconds / 1_000)))
            }
        }
    }

    mutating func refuseWaiting(_ index: Int, _ refusal: Refusal) {
        for id in models[index].waiting { refuse(id, of: index, refusal) }
        models[index].waiting.removeAll()
    }

    /// Has a request answered without a machine, and forgets it.
    private mutating func refuse(_ id: RequestID, of index: Int, _ refusal: Refusal) {
        requests[id] = nil
        models[index].statistics.refusalCount += 1
        act(.refuse(id, refusal))
    }
}
