import Fleet
import MonotonicTime

/// A fleet whose machines and clock the test plays. Machines do what they are told at once unless the test holds them.
struct Bench {
    var fleet: Fleet
    private(set) var now = Instant.origin + .seconds(1_000)
    /// Everything the fleet ever asked for.
    private(set) var actions: [FleetAction] = []
    /// What it asked for and no test has looked at yet.
    private var unseen: [FleetAction] = []

    init(_ models: [Fleet.Model], _ change: (inout FleetPolicy) -> Void = { _ in }) {
        var policy = FleetPolicy()
        change(&policy)
        fleet = Fleet(models: models, policy: policy)
    }

    /// Actions since the last look.
    mutating func look() -> [FleetAction] {
        collect()
        defer { unseen.removeAll() }
        return unseen
    }

    mutating func pass(_ interval: Interval) {
        let end = now + interval
        while fleet.nextDeadline <= end {
            now = max(now, fleet.nextDeadline)
            fleet.advance(to: now)
            collect()
        }
        now = end
        fleet.advance(to: now)
        collect()
    }

    mutating func arrive(_ number: UInt64, for model: Int = 0, repeatable: Bool = true) {
        fleet.requestArrived(RequestID(number), model: model, isRepeatable: repeatable, now: now)
    }

    mutating func finish(_ number: UInt64) { fleet.requestFinished(RequestID(number), now: now) }
    mutating func lose(_ number: UInt64) { fleet.requestLost(RequestID(number), now: now) }
    mutating func ready(_ number: UInt64) { fleet.machineReady(MachineID(number), now: now) }

    mutating func end(_ number: UInt64, _ reason: String = "it ended") {
        fleet.machineEnded(MachineID(number), reason: reason, now: now)
    }

    private mutating func collect() {
        let new = fleet.takeActions()
        actions += new
        unseen += new
    }
}

extension FleetAction {
    static func start(_ machine: UInt64, _ model: Int = 0) -> FleetAction { .start(MachineID(machine), model: model) }
    static func stop(_ machine: UInt64) -> FleetAction { .stop(MachineID(machine)) }
    static func kill(_ machine: UInt64) -> FleetAction { .kill(MachineID(machine)) }
    static func abort(_ request: UInt64) -> FleetAction { .abort(RequestID(request)) }

    static func forward(_ request: UInt64, _ machine: UInt64) -> FleetAction {
        .forward(RequestID(request), to: MachineID(machine))
    }

    static func refuse(_ request: UInt64, _ refusal: Refusal) -> FleetAction { .refuse(RequestID(request), refusal) }
}
