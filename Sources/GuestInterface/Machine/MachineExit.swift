/// How the guest ends its machine: by a status that it writes to a port. QEMU's isa-debug-exit is such a port.
package enum ExitStatus: UInt32, CaseIterable, Sendable {
    /// Powered off as asked.
    case poweredOff = 0x10
    /// A panic, a fault, or something outside that the kernel cannot work with.
    case failed = 0x11
    /// The memory is to be kept. Where the host does not keep it, the guest goes on.
    case suspended = 0x12

    /// The port, and how many bytes it has.
    package static var port: UInt16 { 0xf4 }
    package static var portByteCount: Int { 4 }

    /// The exit status of the process that runs the machine.
    package var processStatus: Int32 { Self.processStatus(ofValue: rawValue) }

    /// The same for any value that the guest writes.
    package static func processStatus(ofValue value: UInt32) -> Int32 { Int32(truncatingIfNeeded: value << 1 | 1) }

    /// Nil for a status that does not come from the guest.
    package init?(processStatus: Int32) {
        guard let status = Self.allCases.first(where: { $0.processStatus == processStatus }) else { return nil }
        self = status
    }
}

/// The keyboard controller's reset line, which ends machines without an exit port: Firecracker's.
package enum ResetLine {
    package static var port: UInt16 { 0x64 }
    package static var command: UInt8 { 0xfe }
}
