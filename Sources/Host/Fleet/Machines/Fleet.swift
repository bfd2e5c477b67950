import MonotonicTime

/// Which models have a running machine, and which machine answers a request.
///
/// A value without I/O: the caller reports what happened and when, takes the actions that follow, and calls `advance`
/// at `nextDeadline`. A model's machines start when a request waits for them and stop when they have been idle, or when
/// another model needs their place; requests go to the machine with the fewest under way. A machine that ends is
/// replaced, and the requests it had are sent to another as long as nothing of their answers was delivered.
///
/// Invariants: no more than `residentMax` machines exist; a machine is asked to end for another model's sake only once
/// it has no request; every request that arrived ends in exactly one of `requestFinished`, a refusal and an abort.
public struct Fleet {
    /// What is known of a model before anything runs.
    public struct Model: Sendable {
        /// Machines that serve it together.
        public var replicaCount: Int
        /// Runs although nothing asks for it, from `advance` on, until it is stopped by hand.
        public var runsAlways: Bool

        public init(replicaCount: Int = 1, runsAlways: Bool = false) {
            self.replicaCount = replicaCount
            self.runsAlways = runsAlways
        }
    }

    let policy: FleetPolicy
    var models: [ModelRecord]
    var machines: [MachineID: MachineRecord] = [:]
    var requests: [RequestID: RequestRecord] = [:]
    var isShuttingDown = false
    private var actions: [FleetAction] = []
    private var nextMachineNumber: UInt64 = 1
    /// The latest time heard of.
    private var clock = Instant.origin

    public init(models: [Model], policy: FleetPolicy) {
        precondition(policy.residentMax > 0 && policy.waitingMax > 0 && policy.attemptsMax > 0)
        precondition(models.allSatisfy { $0.replicaCount > 0 })
        self.policy = policy
        self.models = models.map { ModelRecord(replicaCount: $0.replicaCount, runsAlways: $0.runsAlways) }
    }

    /// What is to be done since the last call, in order.
    public mutating func takeActions() -> [FleetAction] {
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// When `advance` must be called although nothing happens.
    public var nextDeadline: Instant {
        var next = Instant.distantFuture
        // A time that has passed waits for an event, not for the clock.
        func consider(_ instant: Instant) { if instant > clock { next = min(next, instant) } }
        for machine in machines.values { machineDeadlines(machine).forEach(consider) }
        for model in models { modelDeadlines(model).forEach(consider) }
        return next
    }

    /// Does what is due.
    public mutating func advance(to now: Instant) {
        expireWaiting(now: now)
        expireMachines(now: now)
        settle(now: now)
    }

    /// Whether nothing runs any more.
    public var isEmpty: Bool { machines.isEmpty }

    // MARK: For the facets

    mutating func act(_ action: FleetAction) { actions.append(action) }

    mutating func makeMachineID() -> MachineID {
        defer { nextMachineNumber += 1 }
        return MachineID(nextMachineNumber)
    }

    /// Hands out waiting requests, and starts and stops machines, as far as that is possible.
    mutating func settle(now: Instant) {
        clock = max(clock, now)
        for index in models.indices { dispatch(index, now: now) }
        placeMachines(now: now)
    }
}

// MARK: - Records

struct ModelRecord {
    let replicaCount: Int
    var runsAlways: Bool
    /// In the order of their arrival, and so of their deadlines.
    var waiting: [RequestID] = []
    /// In the order of their start.
    var machines: [MachineID] = []
    var lastUsed = Instant.origin
    /// The last start's failure; nil once one succeeded.
    var failure: Failure?
    /// Failures without a proven machine in between.
    var failureCount = 0
    var statistics = ModelStatistics()

    struct Failure {
        let reason: String
        let retryAt: Instant
    }

    init(replicaCount: Int, runsAlways: Bool) {
        self.replicaCount = replicaCount
        self.runsAlways = runsAlways
    }
}

struct MachineRecord {
    let id: MachineID
    let model: Int
    /// Its number among the model's machines; the next one to be free is taken by the next machine.
    let replica: Int
    let started: Instant
    var state = MachineState.starting
    var requests: Set<RequestID> = []
    /// Gets no requests before.
    var shunnedUntil = Instant.origin

    var isReady: Bool { if case .ready = state { true } else { false } }

    /// Will serve, or does.
    var isLive: Bool { isReady || state == .starting }
}

struct RequestRecord {
    let model: Int
    let isRepeatable: Bool
    let arrived: Instant
    var attemptCount = 0
    var hasResponseBegun = false
    /// The machine that has it; nil while it waits.
    var machine: MachineID?
}
