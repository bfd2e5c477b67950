import Client
import HostErrors
import HostFiles

/// Why a virtual machine was not started.
public enum SessionStartError: ReportedFailure, Equatable {
    /// A value cannot be passed on to the machine.
    case value(UnusableValue)
    /// There is no folder for Firecracker's socket.
    case relay(FileError)
    case program(StartFailure)

    public var report: FailureReport {
        switch self {
        case .value(let error): error.report
        case .relay(let error): error.report
        case .program(let error): error.report
        }
    }
}

/// Why a virtual machine ended before it should, or did not do what it was asked for.
public enum SessionError: ReportedFailure, Equatable {
    /// The VMM itself gave up; its messages were printed as they came.
    case vmmFailed(status: Int32)
    /// The kernel panicked; its report was printed as it came.
    case guestPanicked
    /// The kernel powered the machine off without being asked to.
    case guestEndedEarly
    case notReadyInTime(seconds: Int)
    /// The kernel refuses to be saved.
    case notSaveable(reason: String)
    case notSavedInTime(seconds: Int)
    case badAnswer(BadAnswer)
    case interrupted

    public var report: FailureReport {
        switch self {
        case .vmmFailed(let status):
            .init(
                "the virtual machine monitor ended with status \(status) before the kernel powered off; "
                    + "--verbose shows the console", .osError)
        case .guestPanicked: .init("the kernel panicked; its report is above", .software)
        case .guestEndedEarly: .init("the kernel powered off by itself; --verbose shows the console", .software)
        case .notReadyInTime(let seconds):
            .init(
                "the server was not ready within \(seconds) s; --verbose shows the console, --boot-timeout allows "
                    + "longer", .temporaryFailure)
        case .notSaveable(let reason): .init("the machine cannot be saved: \(reason)", .unavailable)
        case .notSavedInTime(let seconds):
            .init("the machine was not saved within \(seconds) s; nothing was written", .temporaryFailure)
        case .badAnswer(let error): error.report
        case .interrupted: Interrupted().report
        }
    }
}
