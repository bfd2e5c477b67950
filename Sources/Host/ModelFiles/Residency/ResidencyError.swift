import HostErrors
import HostFiles

/// Why a file was not brought into memory, or does not stay there.
public enum ResidencyError: ReportedFailure, Equatable {
    case file(FileError)
    /// The file is larger than what is free in memory.
    case pageCacheTooSmall(path: String, neededMiB: Int, availableMiB: Int)
    /// The system locks no more than so much.
    case notLocked(path: String, byteCount: Int, limitByteCount: Int, reason: String)
    case interrupted

    public var report: FailureReport {
        switch self {
        case .file(let error): error.report
        case .pageCacheTooSmall(let path, let neededMiB, let availableMiB):
            .init(
                "cannot hold \(path) in memory: it has \(neededMiB) MiB and the machine has \(availableMiB) MiB "
                    + "available", .configuration)
        case .notLocked(let path, let byteCount, let limit, let reason):
            .init(
                "cannot lock the \(byteCount >> 20) MiB of \(path) in memory (\(reason); the limit is "
                    + "\(limit >> 20) MiB): raise it ('ulimit -l', or LimitMEMLOCK= of a service) or leave "
                    + "--lock-weights out", .configuration)
        case .interrupted: Interrupted().report
        }
    }
}
