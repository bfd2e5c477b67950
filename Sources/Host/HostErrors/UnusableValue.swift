/// A value of the command line or the environment that cannot be used.
public struct UnusableValue: ReportedFailure, Equatable {
    /// What gave the value.
    public let flag: String
    /// Continues a sentence that `flag` begins.
    public let reason: String

    public init(flag: String, reason: String) {
        self.flag = flag
        self.reason = reason
    }

    public var report: FailureReport { .init("\(flag) \(reason)", .usage) }
}
