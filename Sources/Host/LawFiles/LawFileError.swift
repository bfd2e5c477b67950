import HostErrors
import HostFiles

/// Why a `raw.json` cannot be used.
public enum LawFileError: ReportedFailure, Equatable {
    case file(FileError)
    /// It is not a law; `reason` begins with line and column.
    case invalid(path: String, reason: String)

    public var report: FailureReport {
        switch self {
        case .file(let error): error.report
        case .invalid(let path, let reason): .init("\(path):\(reason)", .dataError)
        }
    }
}
