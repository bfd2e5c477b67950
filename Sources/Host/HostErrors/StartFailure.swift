/// A program, or what the system must provide for one, that cannot be started.
public struct StartFailure: ReportedFailure, Equatable {
    public let path: String
    public let reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public var report: FailureReport { .init("cannot start \(path): \(reason)", .osError) }
}
