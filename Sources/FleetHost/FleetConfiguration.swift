import Fleet

/// What a fleet serves, and how.
public struct FleetConfiguration: Sendable {
    public struct Entry: Sendable {
        /// What clients call the model.
        public var name: String
        /// The file's age, for the catalogue.
        public var modifiedUnixSeconds: Int64
        /// The arguments of `hexa-os run` for one machine, but for the port and `--json`.
        public var machineArguments: [String]
        public var policy: Fleet.Model

        public init(name: String, modifiedUnixSeconds: Int64, machineArguments: [String], policy: Fleet.Model) {
            self.name = name
            self.modifiedUnixSeconds = modifiedUnixSeconds
            self.machineArguments = machineArguments
            self.policy = policy
        }
    }

    public var entries: [Entry]
    /// All machines serve the only entry and answer its catalogue themselves.
    public var isBalancer: Bool
    /// The port of 127.0.0.1 that clients reach.
    public var port: UInt16
    public var apiKey: String?
    public var policy: FleetPolicy
    /// The path of `hexa-os`.
    public var program: String

    public init(
        entries: [Entry], isBalancer: Bool, port: UInt16, apiKey: String?, policy: FleetPolicy, program: String
    ) {
        self.entries = entries
        self.isBalancer = isBalancer
        self.port = port
        self.apiKey = apiKey
        self.policy = policy
        self.program = program
    }
}
