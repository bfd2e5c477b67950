/// Why a virtual machine could not be started, or ended before it should. Each case is one line for a person, which
/// names what to change, and one exit code for a script.
public enum LaunchError: Error, Equatable {
    /// The model or the kernel image cannot be opened.
    case fileUnreadable(path: String, reason: String, hint: String)
    /// The model file is not one that can be served; `reason` names the field and the offset.
    case modelInvalid(path: String, reason: String)
    /// The model to be packed is.
    case alreadyPacked(path: String)
    /// The output's name is taken, and was not to be replaced.
    case outputExists(path: String)
    /// The output cannot be created or written.
    case outputFailed(path: String, reason: String)
    /// A signal asked for the end of the work.
    case interrupted
    /// `raw.json` is not a law; `reason` begins with line and column.
    case lawInvalid(path: String, reason: String)
    /// A snapshot's files do not belong together, or not to this host; `reason` names the file.
    case snapshotInvalid(reason: String)
    /// The kernel does not want to be saved.
    case notSaveable(reason: String)
    case notSavedInTime(seconds: Int)
    case portTaken(host: String = "127.0.0.1", port: UInt16)
    case portForbidden(host: String = "127.0.0.1", port: UInt16, reason: String)
    case emulatorMissing
    /// Firecracker is not on the search path.
    case firecrackerMissing
    /// `--accel kvm` was asked for and cannot be had.
    case kvmUnusable(reason: String)
    /// The configured memory is below what the model needs.
    case memoryTooSmall(requestedMiB: Int, neededMiB: Int)
    /// The host has less memory free than the virtual machine, or all of them together, would take.
    case hostMemoryTooSmall(neededMiB: Int, availableMiB: Int, machineCount: Int = 1)
    /// The file to be brought into memory is larger than what is free there.
    case pageCacheTooSmall(path: String, neededMiB: Int, availableMiB: Int)
    /// `--lock-weights` was asked for, and the system locks no more than so much.
    case weightsNotLocked(path: String, byteCount: Int, limitByteCount: Int, reason: String)
    /// A value cannot be written on the kernel's command line.
    case valueUnusable(flag: String, reason: String)
    case spawnFailed(path: String, reason: String)
    /// The monitor itself gave up; its messages were printed as they came.
    case emulatorFailed(status: Int32)
    /// The kernel panicked; its report was printed as it came.
    case guestPanicked
    /// The kernel powered the machine off without being asked to.
    case guestEndedEarly
    case notReadyInTime(seconds: Int)
    /// Nobody answers at the address of `--url`.
    case unreachable(address: String, reason: String)
    /// The server did not do what it was asked for.
    case refused(status: Int, message: String)
    /// A file of growth records is not an intact chain; `reason` begins with the line.
    case recordsTampered(path: String, reason: String)
    /// What was asked about a running fleet, or one of its models, does not run.
    case notRunning(reason: String)
    /// The server's answer was not one that its API allows.
    case badAnswer(reason: String)

    /// The exit code, after BSD's `sysexits.h` where that has a fitting one.
    public var exitCode: Int32 {
        switch self {
        case .valueUnusable: 64  // EX_USAGE
        case .modelInvalid, .alreadyPacked, .lawInvalid, .recordsTampered, .snapshotInvalid: 65  // EX_DATAERR
        case .fileUnreadable: 66  // EX_NOINPUT
        case .emulatorMissing, .firecrackerMissing, .kvmUnusable, .unreachable, .notRunning, .notSaveable:
            69  // EX_UNAVAILABLE
        case .guestPanicked, .guestEndedEarly: 70  // EX_SOFTWARE
        case .spawnFailed, .emulatorFailed: 71  // EX_OSERR
        case .portTaken, .portForbidden, .outputExists: 73  // EX_CANTCREAT
        case .outputFailed: 74  // EX_IOERR
        case .notReadyInTime, .notSavedInTime: 75  // EX_TEMPFAIL
        case .badAnswer: 76  // EX_PROTOCOL
        case .refused: 77  // EX_NOPERM
        case .memoryTooSmall, .hostMemoryTooSmall, .pageCacheTooSmall, .weightsNotLocked: 78  // EX_CONFIG
        case .interrupted: 130  // as shells have it for SIGINT
        }
    }
}

extension LaunchError: CustomStringConvertible {
    /// One line, without a final full stop or line feed.
    public var description: String {
        switch self {
        case .fileUnreadable(let path, let reason, let hint):
            "cannot read \(path): \(reason); \(hint)"
        case .modelInvalid(let path, let reason):
            "\(path) cannot be served: \(reason)"
        case .alreadyPacked(let path):
            "\(path) is packed already"
        case .outputExists(let path):
            "\(path) exists: --force replaces it"
        case .outputFailed(let path, let reason):
            "cannot write \(path): \(reason)"
        case .interrupted:
            "interrupted; nothing was written"
        case .lawInvalid(let path, let reason):
            "\(path):\(reason)"
        case .snapshotInvalid(let reason):
            reason
        case .notSaveable(let reason):
            "the machine cannot be saved: \(reason)"
        case .notSavedInTime(let seconds):
            "the machine was not saved within \(seconds) s; nothing was written"
        case .portTaken(let host, let port):
            "port \(port) of \(host) is taken: choose another with --port"
        case .portForbidden(let host, let port, let reason):
            "port \(port) of \(host) cannot be used (\(reason)): choose another with --port"
        case .emulatorMissing:
            "qemu-system-x86_64 is not on PATH: install the package qemu-system-x86"
        case .firecrackerMissing:
            "firecracker is not on PATH: --firecracker-binary names it"
        case .kvmUnusable(let reason):
            "KVM cannot be used: \(reason); --accel tcg runs without it, slowly"
        case .memoryTooSmall(let requestedMiB, let neededMiB):
            "--memory \(requestedMiB) is too small: this model needs --memory \(neededMiB) (MiB)"
        case .hostMemoryTooSmall(let neededMiB, let availableMiB, let machineCount):
            (machineCount == 1 ? "this model needs" : "\(machineCount) machines of this model need")
                + " \(neededMiB) MiB and the host has \(availableMiB) MiB available: lower "
                + (machineCount == 1 ? "" : "--replicas, ")
                + "--context or --sequences, or take a smaller model"
        case .pageCacheTooSmall(let path, let neededMiB, let availableMiB):
            "cannot hold \(path) in memory: it has \(neededMiB) MiB and the machine has \(availableMiB) MiB available"
        case .weightsNotLocked(let path, let byteCount, let limit, let reason):
            "cannot lock the \(byteCount >> 20) MiB of \(path) in memory (\(reason); the limit is \(limit >> 20) MiB): "
                + "raise it ('ulimit -l', or LimitMEMLOCK= of a service) or leave --lock-weights out"
        case .valueUnusable(let flag, let reason):
            "\(flag) \(reason)"
        case .spawnFailed(let path, let reason):
            "cannot start \(path): \(reason)"
        case .emulatorFailed(let status):
            "the virtual machine monitor ended with status \(status) before the kernel powered off; "
                + "--verbose shows the console"
        case .guestPanicked:
            "the kernel panicked; its report is above"
        case .guestEndedEarly:
            "the kernel powered off by itself; --verbose shows the console"
        case .notReadyInTime(let seconds):
            "the server was not ready within \(seconds) s; --verbose shows the console, --boot-timeout allows longer"
        case .unreachable(let address, let reason):
            "cannot reach \(address): \(reason); is it running, and is --url right?"
        case .refused(let status, let message):
            "the server refuses (\(status)): \(message)"
        case .recordsTampered(let path, let reason):
            "\(path): \(reason)"
        case .notRunning(let reason):
            reason
        case .badAnswer(let reason):
            "the server's answer cannot be read: \(reason)"
        }
    }
}
