import Fleet

/// What a fleet serves, and how.
public struct FleetConfiguration: Sendable {
    public struct Entry: Sendable {
        /// What clients call the model.
        public var name: String
        /// Of its file.
        public var path: String
        /// The file's age, for the catalogue.
        public var modifiedUnixSeconds: Int64
        /// The arguments of `hexa-os run` for one machine, but for `--listen-fd` and `--json`.
        public var machineArguments: [String]
        public var policy: Fleet.Model

        public init(
            name: String, path: String, modifiedUnixSeconds: Int64, machineArguments: [String], policy: Fleet.Model
        ) {
            self.name = name
            self.path = path
            self.modifiedUnixSeconds = modifiedUnixSeconds
            self.machineArguments = machineArguments
            self.policy = policy
        }
    }

    public var entries: [Entry]
    /// All machines serve the only entry and answer its catalogue themselves.
    public var isBalancer: Bool
    public var apiKey: String?
    /// Whether the weights of the models that run, or ran last, are locked in memory: as many as may run.
    public var locksWeights = false
    public var policy: FleetPolicy
    /// The path of `hexa-os`.
    public var program: String

    public init(entries: [Entry], isBalancer: Bool, apiKey: String?, policy: FleetPolicy, program: String) {
        self.entries = entries
        self.isBalancer = isBalancer
        self.apiKey = apiKey
        self.policy = policy
        self.program = program
    }
}
