import HostErrors

/// Why a file cannot be read or written.
public enum FileError: ReportedFailure, Equatable {
    case unreadable(path: String, reason: String, hint: String)
    /// The output's name is taken, and was not to be replaced.
    case exists(path: String)
    /// The output cannot be created or written.
    case unwritable(path: String, reason: String)

    public var report: FailureReport {
        switch self {
        case .unreadable(let path, let reason, let hint):
            .init("cannot read \(path): \(reason); \(hint)", .noInput)
        case .exists(let path):
            .init("\(path) exists: --force replaces it", .cannotCreate)
        case .unwritable(let path, let reason):
            .init("cannot write \(path): \(reason)", .ioError)
        }
    }
}
