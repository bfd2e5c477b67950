import HostErrors
import HostFiles
import HostSystem
import VMM

/// Why a snapshot cannot be used or made.
public enum SnapshotError: ReportedFailure, Equatable {
    case file(FileError)
    /// Its files do not belong together, or not to this host; `reason` names the file.
    case invalid(reason: String)

    public init(_ error: VMMError) {
        self =
            switch error {
            case .fileUnreadable(let path, let number):
                .file(
                    .unreadable(
                        path: path, reason: errorText(number), hint: "is the snapshot whole, and its model there?"))
            default: .invalid(reason: error.description)
            }
    }

    public var report: FailureReport {
        switch self {
        case .file(let error): error.report
        case .invalid(let reason): .init(reason, .dataError)
        }
    }
}
