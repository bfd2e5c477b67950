import HostErrors
import HostFiles

/// Why a model file cannot be served.
public enum ModelFileError: ReportedFailure, Equatable {
    case file(FileError)
    /// It is not a model that can be served; `reason` names the field and the offset.
    case invalid(path: String, reason: String)
    case memory(MemoryError)

    public var report: FailureReport {
        switch self {
        case .file(let error): error.report
        case .invalid(let path, let reason): .init("\(path) cannot be served: \(reason)", .dataError)
        case .memory(let error): error.report
        }
    }
}
