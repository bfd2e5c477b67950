import MonotonicTime

/// What a machine is doing.
public enum MachineState: Equatable, Sendable {
    case starting
    case ready(since: Instant)
    /// Answers what it has and gets nothing else; asked to end when that is done, or at `stopBy`.
    case draining(stopBy: Instant)
    /// Asked to end; ended by force at `killAt`.
    case stopping(killAt: Instant)
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
        let state: ModelState =
            if machines.contains(where: \.isReady) { .ready }
            else if machines.contains(where: { $0.state == .starting }) { .starting }
            else if !machines.isEmpty { .draining }
            else { model.failure == nil ? .stopped : .failed }
        return ModelStatus(
            state: state, waitingCount: model.waiting.count,
            machines: machines.map { .init(id: $0.id, state: $0.state, inFlightCount: $0.requests.count) },
            failureReason: model.failure?.reason)
    }
}
