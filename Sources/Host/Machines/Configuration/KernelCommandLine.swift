import HostErrors

/// The kernel's command line: `key=value` words separated by spaces.
public struct KernelCommandLine: Equatable, Sendable {
    /// QEMU reads the line from a configuration file whose values end here (`qemu-config.c`, `value[1024]`).
    public static let byteCountMax = 1_023

    public private(set) var text = ""

    public init() {}

    /// The line that describes `machine`.
    public init(_ machine: MachineConfiguration) throws(UnusableValue) {
        // QEMU's user network: the guest is always this address, and asking by DHCP for it would only cost time. Our
        // own monitor has no network to have an address in.
        if machine.monitor == .qemu { try append("hexa.ip", "10.0.2.15/24,10.0.2.2", flag: "address") }
        try append("hexa.port", String(QEMUCommand.guestPort), flag: "port")
        try append("hexa.log", machine.logLevel.rawValue, flag: "--log-level")
        try append("hexa.model", machine.isModelMapped ? "pmem0" : "vda", flag: "model")
        try append("hexa.model-size", String(machine.modelByteCount), flag: "model size")
        try append("hexa.model-name", machine.modelName, flag: "--name")
        try append("hexa.epoch", String(machine.startTimeUnixSeconds), flag: "start time")
        try append("hexa.cpus", String(machine.processorCount), flag: "--cpus")
        if let length = machine.contextLength { try append("hexa.context", String(length), flag: "--context") }
        if let count = machine.sequenceCount { try append("hexa.sequences", String(count), flag: "--sequences") }
        if let limit = machine.timeToFirstTokenMilliseconds {
            try append("hexa.sla-ttft-ms", String(limit), flag: "--sla-ttft-ms")
        }
        if let limit = machine.timeBetweenTokensMilliseconds {
            try append("hexa.sla-itl-ms", String(limit), flag: "--sla-itl-ms")
        }
        if let law = machine.law {
            // The keys that clients present are the law's; the machine's own is only what this program presents.
            try append("hexa.law", machine.isModelMapped ? "vda" : "vdb", flag: "--law")
            try append("hexa.law-size", String(law.byteCount), flag: "--law")
        } else if let key = machine.apiKey {
            try append("hexa.api-key", key, flag: "--api-key")
        }
        if let key = machine.auditKey { try append("hexa.audit-key", key, flag: "HEXA_AUDIT_KEY") }
    }

    /// Adds a word. `flag` is what the message names when the value cannot be written.
    public mutating func append(_ key: String, _ value: String, flag: String) throws(UnusableValue) {
        guard !value.isEmpty else { throw UnusableValue(flag: flag, reason: "is empty") }
        // Printable ASCII without what ends a word here (space) or a string in QEMU's file (quote).
        let isWritable = value.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") }
        guard isWritable else {
            throw UnusableValue(flag: flag, reason: "may hold printable ASCII only, without spaces and quotes")
        }
        let extended = (text.isEmpty ? "" : text + " ") + key + "=" + value
        guard extended.utf8.count <= Self.byteCountMax else {
            throw UnusableValue(
                flag: flag,
                reason: "makes the kernel command line longer than "
                    + "\(Self.byteCountMax) bytes")
        }
        text = extended
    }
}
