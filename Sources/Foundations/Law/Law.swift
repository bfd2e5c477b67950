import MonotonicTime

/// The one choke point: every kernel function runs `check` first and spends the permit it returns.
///
/// The table is made from a `LawDocument` (raw.json). It holds the kernel itself, which may do everything, and the
/// document's subjects; whatever it does not grant is denied.
public struct Law: Sendable {
    /// A subject to enter into the table: an API key, or the anonymous client when there is none.
    public struct Client: Sendable {
        public var name: String
        /// The bearer key; empty for the anonymous client.
        public var key: [UInt8]
        public var grants: [(target: Target, operations: OperationSet)]

        public init(name: String, key: [UInt8], grants: [(target: Target, operations: OperationSet)]) {
            self.name = name
            self.key = key
            self.grants = grants
        }
    }

    /// What holds for a subject now.
    struct Subject: Sendable {
        var rules: LawDocument.Subject
        var generation: UInt64 = 0
        var usage = QuotaUsage()
        /// A law that no longer names it has been made since.
        var isRemoved = false
    }

    /// The law in force.
    public internal(set) var document: LawDocument
    /// The one before it, for `rollBack`.
    var previousDocument: LawDocument?
    /// The kernel first. A subject keeps its place for ever: capabilities and quotas name it.
    var subjects: [Subject] = []
    /// What each subject may do with each of the kernel's targets: a row of `Target.knownCount` for each subject.
    var knownGrants: [OperationSet] = []
    /// Which of them have been used: what a change of the law would take from somebody who needs it.
    var knownUses: [OperationSet] = []
    var subjectsByKey: [Digest: Int] = [:]
    var subjectsByName: [String: Int] = [:]
    var anonymous: Int?

    var delegations: [Delegation] = []
    var freeDelegations: [Int] = []
    var targets = TargetTable()
    var decisions = DecisionCache()
    public internal(set) var growth: GrowthBus

    static var kernelSubject: SubjectID { SubjectID(index: 0) }

    /// The law of a document that has been read.
    ///
    /// - Parameter auditKey: signs the heads of the growth bus; whoever verifies the records needs it too.
    public init(_ document: LawDocument, auditKey: [UInt8] = []) {
        self.document = document
        growth = GrowthBus(
            capacity: document.growthRecords, denies: document.whenGrowthIsFull == .deny,
            genesis: SHA256.digest(of: document.serialized().span), auditKey: auditKey)
        var kernel = LawDocument.Subject(name: LawDocument.kernelName, kind: .program)
        kernel.delegationDepth = Limits.delegationLinksMax
        subjects.append(Subject(rules: kernel))
        knownGrants = [OperationSet](repeating: .all, count: Target.knownCount)
        knownUses = [OperationSet](repeating: [], count: Target.knownCount)
        enforce(document)
    }

    /// The law of a machine without `raw.json`.
    ///
    /// - Parameter clients: the subjects besides the kernel itself. With a keyless client among them, requests without
    ///   a key are served as that client.
    public init(clients: [Client], growthCapacity: Int = Limits.growthRecordsDefault) {
        var document = LawDocument()
        document.growthRecords = growthCapacity
        for client in clients {
            let kind: LawDocument.Kind =
                client.key.isEmpty ? .anonymous : .key(SHA256.digest(of: client.key.span))
            var subject = LawDocument.Subject(name: client.name, kind: kind)
            for grant in client.grants {
                guard let path = grant.target.knownPath else { continue }
                subject.grants.append(.init(TargetPattern(TargetPath(known: path)), grant.operations))
            }
            document.subjects.append(subject)
        }
        self.init(document)
    }

    /// What a client of the API may do by default: use the model and look at the system, never stop it.
    public static var clientGrants: [(target: Target, operations: OperationSet)] {
        [
            (.model, [.read, .infer]), (.tokenizer, [.read]), (.chatTemplate, [.read]),
            (.health, [.read]), (.metrics, [.read]),
        ]
    }

    /// Takes note that the machine was resumed from a snapshot.
    public mutating func recordRestoration(unixSeconds: UInt64, now: Instant) {
        record(
            .restored, Self.kernelSubject, target: Target.power.knownPath?.utf8Bytes ?? [], [],
            number: unixSeconds, now: now)
    }

    // MARK: The table

    /// Makes the table say what `document` says. Subjects it does not name lose everything, and their places stay.
    mutating func enforce(_ document: LawDocument) {
        self.document = document
        subjectsByKey = [:]
        subjectsByName = [:]
        anonymous = nil
        decisions.forget()
        var isNamed = [Bool](repeating: false, count: subjects.count + document.subjects.count)
        isNamed[Self.kernelSubject.index] = true
        let places = placesByName()
        for rules in document.subjects {
            let index = places[rules.name] ?? subjects.count
            if index == subjects.count {
                subjects.append(Subject(rules: rules))
                knownGrants += [OperationSet](repeating: [], count: Target.knownCount)
                knownUses += [OperationSet](repeating: [], count: Target.knownCount)
            }
            isNamed[index] = true
            enter(rules, at: index)
        }
        for index in subjects.indices where !isNamed[index] { remove(at: index) }
    }

    private func placesByName() -> [String: Int] {
        var places: [String: Int] = [:]
        for index in subjects.indices where index != Self.kernelSubject.index {
            places[subjects[index].rules.name] = index
        }
        return places
    }

    private mutating func enter(_ rules: LawDocument.Subject, at index: Int) {
        // Whoever has another key, or is something else, is somebody else: what the old one held is worthless.
        if subjects[index].rules.kind != rules.kind { subjects[index].generation += 1 }
        subjects[index].rules = rules
        subjects[index].isRemoved = false
        subjectsByName[rules.name] = index
        switch rules.kind {
        case .key(let digest): subjectsByKey[digest] = index
        case .anonymous: anonymous = index
        case .program: break
        }
        for target in Target.known {
            knownGrants[index * Target.knownCount + Int(target.index)] = rules.operations(on: targets[target])
        }
    }

    private mutating func remove(at index: Int) {
        subjects[index].generation += 1
        subjects[index].isRemoved = true
        subjects[index].rules.grants = []
        subjects[index].rules.isLearning = false
        for target in 0..<Target.knownCount { knownGrants[index * Target.knownCount + target] = [] }
    }
}

extension LawDocument.Subject {
    /// What the grants that cover a path allow together.
    public func operations(on path: TargetPath) -> OperationSet {
        var operations: OperationSet = []
        for grant in grants where grant.pattern.covers(path) { operations.formUnion(grant.operations) }
        return operations
    }
}

// MARK: - Who there is

extension Law {
    /// The kernel's own capability, for its composition root.
    public func kernelCapability() -> Capability { capability(of: Self.kernelSubject) }

    /// The capability of the client that presents `bearer`; nil when no client has that key.
    ///
    /// Keys are looked up by their digest: what a guess's digest has in common with a key's tells nothing of the key.
    public func authenticate(bearer: Span<UInt8>?) -> Capability? {
        if let bearer, let index = subjectsByKey[SHA256.digest(of: bearer)] {
            return capability(of: SubjectID(index: index))
        }
        // A key that nobody holds is still welcome where keys are not asked for at all.
        guard bearer == nil || !requiresKey, let anonymous else { return nil }
        return capability(of: SubjectID(index: anonymous))
    }

    /// Whether a request without a key is turned away.
    public var requiresKey: Bool { anonymous == nil }

    /// The capability of the program of that name; nil when the law does not name it.
    public func capability(ofProgram name: String) -> Capability? {
        guard let index = subjectsByName[name], subjects[index].rules.kind == .program else { return nil }
        return capability(of: SubjectID(index: index))
    }

    /// The subject of that name.
    public func subject(named name: String) -> SubjectID? {
        if name == LawDocument.kernelName { return Self.kernelSubject }
        return subjectsByName[name].map { SubjectID(index: $0) }
    }

    public func name(of subject: SubjectID) -> String { subjects[subject.index].rules.name }

    private func capability(of subject: SubjectID) -> Capability {
        Capability(subject: subject, generation: subjects[subject.index].generation)
    }
}
