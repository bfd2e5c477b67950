/// `raw.json` as a value: who may do what. Whatever it does not grant is denied. docs/law.md describes the format.
public struct LawDocument: Equatable, Sendable {
    /// Grows with every change, so that an older law cannot replace a newer one by accident.
    public var version: Int = 0
    public var subjects: [Subject] = []
    /// Records of the growth bus that are kept for reading.
    public var growthRecords = Limits.growthRecordsDefault
    public var whenGrowthIsFull = FullGrowth.overwrite

    /// What happens when a record has no room but in the place of one that nobody has read.
    public enum FullGrowth: Equatable, Sendable {
        /// The oldest is lost, and counted.
        case overwrite
        /// Everything is denied until somebody has read the records: without a log there is no leave.
        case deny
    }

    public struct Subject: Equatable, Sendable {
        public var name: String
        public var kind: Kind
        public var grants: [Grant] = []
        public var quotas = Quotas()
        /// The subject's share of the model relative to others' while several want it (`weights`).
        public var weight = 1
        public static var weights: ClosedRange<Int> { 1...Limits.weightMax }
        /// How often a capability of this subject can be handed on; 0 keeps it with the subject.
        public var delegationDepth = 0
        /// Permits what is not granted, and records it as what would have been denied.
        public var isLearning = false

        public init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    public enum Kind: Equatable, Sendable {
        /// Whoever presents the API key with this SHA-256.
        case key(Digest)
        /// Whoever presents no key.
        case anonymous
        /// The program of that name.
        case program
    }

    /// Leave for some operations on the targets that a pattern covers.
    public struct Grant: Equatable, Sendable {
        public var pattern: TargetPattern
        public var operations: OperationSet

        public init(_ pattern: TargetPattern, _ operations: OperationSet) {
            self.pattern = pattern
            self.operations = operations
        }
    }

    public init() {}

    /// Bytes of a document at most.
    public static var byteCountMax: Int { Limits.documentBytesMax }

    /// The subject that holds everything the kernel does itself; no document may define or change it.
    public static var kernelName: String { "kernel" }
}
