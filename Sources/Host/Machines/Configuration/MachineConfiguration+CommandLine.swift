import GuestInterface
import HostErrors

extension MachineConfiguration {
    /// QEMU reads the line from a configuration file whose values end here (`qemu-config.c`, `value[1024]`).
    static let commandLineByteCountMax = 1_023

    /// What the kernel is told.
    var kernelConfiguration: KernelConfiguration {
        var kernel = KernelConfiguration()
        // Our own monitor has no network to have an address in.
        if monitor == .qemu { kernel.addressing = QEMUCommand.guestAddressing }
        kernel.logLevel = logLevel
        kernel.modelDevice = isModelMapped ? .persistentMemory(0) : .block(0)
        kernel.modelByteCount = UInt64(modelByteCount)
        kernel.modelName = Array(modelName.utf8)
        kernel.wallClockSeconds = startTimeUnixSeconds
        kernel.cpuCount = processorCount
        kernel.contextLength = contextLength
        if let sequenceCount { kernel.sequenceCount = sequenceCount }
        kernel.timeToFirstTokenMilliseconds = timeToFirstTokenMilliseconds.map { UInt64(clamping: $0) }
        kernel.timeBetweenTokensMilliseconds = timeBetweenTokensMilliseconds.map { UInt64(clamping: $0) }
        if let law {
            // The keys that clients present are the law's; the machine's own is only what this program presents.
            kernel.lawDevice = isModelMapped ? 0 : 1
            kernel.lawByteCount = UInt64(law.byteCount)
        } else if let apiKey {
            kernel.apiKeys = [Array(apiKey.utf8)]
        }
        kernel.auditKey = auditKey.map { Array($0.utf8) } ?? []
        return kernel
    }

    /// The kernel's command line. What cannot be written there is named by the option that it comes from.
    func kernelCommandLine() throws(UnusableValue) -> String {
        typealias Problem = KernelConfiguration.EncodeError.Problem
        func unusable(_ key: KernelConfiguration.Key, _ problem: Problem) -> UnusableValue {
            UnusableValue(flag: key.option, reason: problem.explanation)
        }
        // An empty key is none to the kernel: what was meant as one is not to go unnoticed.
        guard auditKey != "" else { throw unusable(.auditKey, .empty) }
        do throws(KernelConfiguration.EncodeError) {
            return String(
                decoding: try kernelConfiguration.encode(byteCountMax: Self.commandLineByteCountMax), as: UTF8.self)
        } catch {
            throw unusable(error.key, error.problem)
        }
    }
}

extension KernelConfiguration.Key {
    /// Where a user gives the value.
    fileprivate var option: String {
        switch self {
        case .addressing: "address"
        case .port: "port"
        case .logLevel: "--log-level"
        case .modelDevice: "model"
        case .modelByteCount: "model size"
        case .modelName: "--name"
        case .wallClockSeconds: "start time"
        case .cpuCount: "--cpus"
        case .contextLength: "--context"
        case .sequenceCount: "--sequences"
        case .timeToFirstToken: "--sla-ttft-ms"
        case .timeBetweenTokens: "--sla-itl-ms"
        case .lawDevice, .lawByteCount: "--law"
        case .apiKey: "--api-key"
        case .auditKey: "HEXA_AUDIT_KEY"
        case .selfTest: "self-test"
        }
    }
}

extension KernelConfiguration.EncodeError.Problem {
    fileprivate var explanation: String {
        switch self {
        case .empty: "is empty"
        case .unwritable: "may hold printable ASCII only, without spaces and quotes"
        case .tooLong(let byteCountMax): "makes the kernel command line longer than \(byteCountMax) bytes"
        case .outOfRange(let expected): "must be \(expected)"
        }
    }
}
