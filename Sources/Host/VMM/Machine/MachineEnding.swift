/// How a machine came to its end.
public enum MachineEnding: Equatable, Sendable {
    /// The guest wrote this to the exit port.
    case exited(status: UInt32)
    /// The guest has left its memory to be kept, and waits to be resumed in another machine.
    case suspended
    /// The guest reset itself, or faulted three times over.
    case reset
    /// KVM could not go on.
    case failed(String)
    /// It was asked for from outside.
    case stopped
}
