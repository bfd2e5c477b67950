import HostErrors

/// Why there is too little memory for a model.
public enum MemoryError: ReportedFailure, Equatable {
    /// The configured memory is below what the model needs.
    case requestTooSmall(requestedMiB: Int, neededMiB: Int)
    /// The host has less memory free than the virtual machine, or all of them together, would take.
    case hostTooSmall(neededMiB: Int, availableMiB: Int, machineCount: Int = 1)

    public var report: FailureReport {
        switch self {
        case .requestTooSmall(let requestedMiB, let neededMiB):
            .init(
                "--memory \(requestedMiB) is too small: this model needs --memory \(neededMiB) (MiB)", .configuration)
        case .hostTooSmall(let neededMiB, let availableMiB, let machineCount):
            .init(
                (machineCount == 1 ? "this model needs" : "\(machineCount) machines of this model need")
                    + " \(neededMiB) MiB and the host has \(availableMiB) MiB available: lower "
                    + (machineCount == 1 ? "" : "--replicas, ")
                    + "--context or --sequences, or take a smaller model", .configuration)
        }
    }
}
