/// Why a port cannot be served at.
public enum PortError: ReportedFailure, Equatable {
    case taken(host: String = "127.0.0.1", port: UInt16)
    case forbidden(host: String = "127.0.0.1", port: UInt16, reason: String)

    public var report: FailureReport {
        switch self {
        case .taken(let host, let port):
            .init("port \(port) of \(host) is taken: choose another with --port", .cannotCreate)
        case .forbidden(let host, let port, let reason):
            .init("port \(port) of \(host) cannot be used (\(reason)): choose another with --port", .cannotCreate)
        }
    }
}
