import MonotonicTime

/// What a machine is doing.
public enum MachineState: Equatable, Sendable {
    case starting
    case ready(since: Instant)
    /// Answers what it has and gets nothing else; asked to end when that is done, or at `stopBy`.
    case draining(stopBy: Instant)
    /// Asked to end; ended by force at `killAt`.
    case stopping(killAt: Instant)

    /// What people call it.
    public var word: String {
        switch self {
        case .starting: "starting"
        case .ready: "ready"
        case .draining: "draining"
        case .stopping: "stopping"
        }
    }
}

/// How a model stands, as its most useful machine does.
public enum ModelState: String, Sendable {
    case stopped, starting, ready, draining
    /// The last start failed; requests are refused until the pause is over.
    case failed
}

/// A model and its machines at one moment.
public struct ModelStatus: Equatable, Sendable {
    public struct Machine: Equatable, Sendable {
        public let id: MachineID
        /// Its number among the model's machines, from 0; that of one that ended is given to its successor.
        public let replica: Int
        public let state: MachineState
        public let inFlightCount: Int

        public var isReady: Bool { if case .ready = state { true } else { false } }
    }

    public let state: ModelState
    public let waitingCount: Int
    /// The oldest first.
    public let machines: [Machine]
    /// Why the last start failed; nil once one succeeded.
    public let failureReason: String?
}

extension Fleet {
    public func status(ofModel index: Int) -> ModelStatus {
        let model = models[index]
        let machines = model.machines.compactMap { self.machines[$0] }
        return ModelStatus(
            state: state(of: model, machines: machines), waitingCount: model.waiting.count,
            machines: machines.map { machine in
                .init(
                    id: machine.id, replica: machine.replica, state: machine.state,
                    inFlightCount: machine.requests.count)
            },
            failureReason: model.failure?.reason)
    }

    private func state(of model: ModelRecord, machines: [MachineRecord]) -> ModelState {
        if machines.contains(where: \.isReady) { return .ready }
        if machines.contains(where: { $0.state == .starting }) { return .starting }
        if !machines.isEmpty { return .draining }
        return model.failure == nil ? .stopped : .failed
    }
}
