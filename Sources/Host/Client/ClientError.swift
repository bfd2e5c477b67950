import HostErrors

/// Why a request to an appliance failed.
public enum ClientError: ReportedFailure, Equatable {
    case address(UnusableValue)
    case unreachable(address: String, reason: String)
    /// The server did not do what it was asked for.
    case refused(status: Int, message: String)
    case badAnswer(BadAnswer)

    public var report: FailureReport {
        switch self {
        case .address(let error): error.report
        case .unreachable(let address, let reason):
            .init("cannot reach \(address): \(reason); is it running, and is --url right?", .unavailable)
        case .refused(let status, let message):
            .init("the server refuses (\(status)): \(message)", .noPermission)
        case .badAnswer(let error): error.report
        }
    }
}

/// An answer of the server that its API does not allow.
public struct BadAnswer: ReportedFailure, Equatable {
    public let reason: String

    public init(reason: String) { self.reason = reason }

    public var report: FailureReport { .init("the server's answer cannot be read: \(reason)", .protocolError) }
}
