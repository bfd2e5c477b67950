import HostErrors
import HostFiles

/// Why a fleet does not serve.
public enum FleetStartError: ReportedFailure, Equatable {
    /// The control socket's folder cannot be used.
    case controlSocket(FileError)
    case port(PortError)

    public var report: FailureReport {
        switch self {
        case .controlSocket(let error): error.report
        case .port(let error): error.report
        }
    }
}

/// Why a machine of a fleet was not started.
enum MachineStartError: ReportedFailure, Equatable {
    case port(PortError)
    case program(StartFailure)

    var report: FailureReport {
        switch self {
        case .port(let error): error.report
        case .program(let error): error.report
        }
    }
}
