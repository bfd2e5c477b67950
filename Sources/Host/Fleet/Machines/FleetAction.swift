/// What the platform is to do.
public enum FleetAction: Equatable, Sendable {
    /// Start a machine for the model of that index; answered by `machineReady` or `machineEnded`.
    case start(MachineID, model: Int)
    /// Ask a machine to end; answered by `machineEnded`.
    case stop(MachineID)
    /// End a machine by force; answered by `machineEnded`.
    case kill(MachineID)
    /// Send a request to a machine, from its first byte; whatever an earlier machine still says about it is void.
    case forward(RequestID, to: MachineID)
    /// Answer a request of which the client has seen nothing. The fleet has forgotten it.
    case refuse(RequestID, Refusal)
    /// Cut off an answer whose machine is lost: part of it has been delivered. The fleet has forgotten it.
    case abort(RequestID)
}

/// Why a request is not answered by a machine.
public enum Refusal: Equatable, Sendable {
    /// As many requests as may wait for this model do.
    case queueFull
    /// No machine was ready in time.
    case waitedTooLong(seconds: Int)
    /// The model's machine did not start, and another attempt is made no sooner than that.
    case startFailed(reason: String, retrySeconds: Int)
    /// The model was stopped while the request waited.
    case stopped
    /// The whole fleet is ending.
    case shuttingDown
    /// The machine ended, and the request must not or may no longer be sent to another.
    case machineLost
}
