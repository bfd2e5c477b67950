/// A signal asked for the end of work whose result exists only as a whole.
public struct Interrupted: ReportedFailure, Equatable {
    public init() {}

    public var report: FailureReport { .init("interrupted; nothing was written", .interrupted) }
}
