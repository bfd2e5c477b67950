import HostErrors

/// `--accel kvm` was asked for, and KVM cannot be used.
public struct KVMUnusable: ReportedFailure, Equatable {
    public let reason: String

    public var report: FailureReport {
        .init("KVM cannot be used: \(reason); --accel tcg runs without it, slowly", .unavailable)
    }
}
