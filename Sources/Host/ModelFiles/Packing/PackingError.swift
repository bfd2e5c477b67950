import HostErrors
import HostFiles

/// Why a model was not packed.
public enum PackingError: ReportedFailure, Equatable {
    case model(ModelFileError)
    case alreadyPacked(path: String)
    case output(FileError)
    case interrupted

    public var report: FailureReport {
        switch self {
        case .model(let error): error.report
        case .alreadyPacked(let path): .init("\(path) is packed already", .dataError)
        case .output(let error): error.report
        case .interrupted: Interrupted().report
        }
    }
}
