import HostErrors

/// A program that is not on the search path.
public enum MissingProgram: ReportedFailure, Equatable {
    case qemu
    case firecracker

    public var report: FailureReport {
        switch self {
        case .qemu:
            .init("qemu-system-x86_64 is not on PATH: install the package qemu-system-x86", .unavailable)
        case .firecracker:
            .init("firecracker is not on PATH: --firecracker-binary names it", .unavailable)
        }
    }
}
