import HostErrors
import JSON
import VMM

/// How Firecracker is called for a machine: the configuration file that our own monitor understands as well, with a
/// Unix socket in place of the listener.
public struct FirecrackerCommand: Equatable, Sendable {
    public static let program = "firecracker"

    /// Firecracker's own limit.
    static let processorCountMax = 32

    public let description: MachineDescription

    /// - Parameter socketPath: where Firecracker makes the socket by which clients reach the guest.
    public init(_ machine: MachineConfiguration, socketPath: String) throws(UnusableValue) {
        let limit = Self.processorCountMax
        guard machine.processorCount <= limit else {
            throw UnusableValue(flag: "--cpus", reason: "is at most \(limit) under Firecracker")
        }
        var description = try HexaVMMCommand(machine).description
        description.forwarding = nil
        description.vsockSocketPath = socketPath
        self.description = description
    }

    public var arguments: [String] {
        ["--no-api", "--config-file", "/dev/fd/\(MonitorCommand.configurationDescriptor)"]
    }

    /// What the child must be able to read there.
    public var configurationFile: String { String(decoding: description.json.serialized(), as: UTF8.self) }
}
