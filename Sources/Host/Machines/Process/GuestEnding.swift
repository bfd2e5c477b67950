import GuestInterface

/// What a monitor's exit status says about the guest.
public enum GuestEnding: Equatable, Sendable {
    case poweredOff
    case panicked
    /// The machine's memory has been written (our own monitor only).
    case suspended
    /// The monitor ended by itself: a bad option, a lost file, a signal.
    case emulatorFailed(status: Int32)

    /// Firecracker has no exit port; the reset that follows, orderly or not, ends it with 0.
    public init(_ ending: BoundProcess.Ending, under monitor: Monitor) {
        switch ending {
        case .exited(status: 0) where monitor == .firecracker: self = .poweredOff
        case .exited(let status):
            switch ExitStatus(processStatus: status) {
            case .poweredOff: self = .poweredOff
            case .failed: self = .panicked
            case .suspended: self = .suspended
            case nil: self = .emulatorFailed(status: status)
            }
        case .signalled(let number): self = .emulatorFailed(status: 128 + number)
        }
    }
}
