import ModelFiles

/// How much of the host's memory machines of one model get.
public struct MemoryPlan: Equatable, Sendable {
    /// Of each machine, in MiB.
    public let machineMiB: Int

    private static let mebibyte = 1 << 20

    /// Refuses what cannot be had.
    ///
    /// - Parameters:
    ///   - estimate: what one machine holds by itself.
    ///   - sharedByteCount: weights that all machines map from one file, which several need in memory once. One alone
    ///     may do with less: Linux reads again what it had no room for.
    ///   - machineCount: at least one.
    ///   - requestedMiB: `--memory`, of each machine; nil for what the model needs.
    ///   - availableMiB: nil when the host does not tell.
    public init(
        _ estimate: MemoryEstimate, sharedByteCount: Int, machineCount: Int = 1, requestedMiB: Int?, availableMiB: Int?
    ) throws(MemoryError) {
        let least = estimate.mebibyteCountMin
        let leastMachine = MachineConfiguration.memoryMiB(toHold: least)
        if let requestedMiB, requestedMiB < leastMachine {
            throw .requestTooSmall(requestedMiB: requestedMiB, neededMiB: leastMachine)
        }
        let sharedMiB = machineCount > 1 ? (sharedByteCount + Self.mebibyte - 1) / Self.mebibyte : 0
        let available = availableMiB ?? .max
        let needed = sharedMiB + machineCount * least
        guard available >= needed else {
            throw .hostTooSmall(neededMiB: needed, availableMiB: available, machineCount: machineCount)
        }
        // With less than it could use the kernel serves fewer sequences at once, and says so.
        // Not beyond what is there, though much of a large machine is never touched: Linux may refuse to promise it.
        let share = (available - sharedMiB) / machineCount
        machineMiB =
            requestedMiB
            ?? min(
                MachineConfiguration.memoryMiB(toHold: estimate.mebibyteCount),
                max(share, leastMachine))
    }
}
