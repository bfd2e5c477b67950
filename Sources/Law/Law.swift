import MonotonicTime

/// The one choke point: every kernel function runs `check` first and spends the permit it returns.
///
/// The table holds the built-in server and one subject per API key; whatever it does not grant is denied.
public struct Law: Sendable {
    private struct Subject: Sendable {
        var name: String
        var keyBytes: [UInt8]
        var generation: UInt32 = 0
        /// Indexed by `Target.rawValue`.
        var grants: [OperationSet]
    }

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

    private var subjects: [Subject] = []
    public private(set) var growth: GrowthBus

    private static let kernelSubject = SubjectID(index: 0)

    /// - Parameter clients: the subjects besides the kernel itself. With a keyless client among them, requests without
    ///   a key are served as that client.
    public init(clients: [Client], growthCapacity: Int = Limits.growthRecordsDefault) {
        growth = GrowthBus(capacity: growthCapacity)
        enter(name: "kernel", key: [], grants: Target.allCases.map { ($0, .all) })
        for client in clients {
            enter(name: client.name, key: client.key, grants: client.grants)
        }
    }

    /// What a client of the API may do by default: use the model and look at the system, never stop it.
    public static var clientGrants: [(target: Target, operations: OperationSet)] {
        [
            (.model, [.read, .infer]), (.tokenizer, [.read]), (.chatTemplate, [.read]),
            (.health, [.read]), (.metrics, [.read]),
        ]
    }

    private mutating func enter(name: String, key: [UInt8], grants: [(target: Target, operations: OperationSet)]) {
        var table = [OperationSet](repeating: [], count: Target.allCases.count)
        for grant in grants {
            table[Int(grant.target.rawValue)].formUnion(grant.operations)
        }
        subjects.append(Subject(name: name, keyBytes: key, grants: table))
    }
}

// MARK: - Capabilities

extension Law {
    /// The kernel's own capability, for its composition root.
    public func kernelCapability() -> Capability { capability(of: Self.kernelSubject) }

    /// The capability of the client that presents `bearer`; nil when no client has that key.
    ///
    /// Every key is compared in full, so that the time taken tells nothing about how much of a guess was right.
    public func authenticate(bearer: Span<UInt8>?) -> Capability? {
        var found: Int?
        for index in subjects.indices where index != Self.kernelSubject.index {
            let key = subjects[index].keyBytes
            let matches =
                if let bearer { !key.isEmpty && constantTimeEqual(bearer, key.span) } else { key.isEmpty }
            if matches { found = index }
        }
        // A key that nobody holds is still welcome where keys are not asked for at all.
        if found == nil, bearer != nil, !requiresKey { return authenticate(bearer: nil) }
        return found.map { capability(of: SubjectID(index: $0)) }
    }

    /// Whether a request without a key is turned away.
    public var requiresKey: Bool {
        !subjects.indices.contains { $0 != Self.kernelSubject.index && subjects[$0].keyBytes.isEmpty }
    }

    /// Makes every capability of `subject` worthless at once.
    public mutating func revoke(_ subject: SubjectID) {
        subjects[subject.index].generation &+= 1
    }

    public func name(of subject: SubjectID) -> String { subjects[subject.index].name }

    private func capability(of subject: SubjectID) -> Capability {
        Capability(subject: subject, generation: subjects[subject.index].generation)
    }
}

// MARK: - The check

extension Law {
    /// Asks leave for `operation` on `target`: a handful of loads, and a record on the growth bus when it is denied.
    public mutating func check<Op: Operation>(
        _ capability: borrowing Capability, _ operation: Op.Type, on target: Target, now: Instant
    ) throws(Denial) -> Permit<Op> {
        let subject = capability.subject
        let reason: Denial.Reason
        if subjects[subject.index].generation != capability.generation {
            reason = .revoked
        } else if subjects[subject.index].grants[Int(target.rawValue)].contains(Op.code) {
            return Permit(subject: subject, target: target)
        } else {
            reason = .notGranted
        }
        let denial = Denial(time: now, subject: subject, target: target, operation: Op.code, reason: reason)
        growth.record(denial)
        throw denial
    }
}

/// Compares in a time that depends on `guess`'s length alone.
private func constantTimeEqual(_ guess: Span<UInt8>, _ key: Span<UInt8>) -> Bool {
    var difference: UInt8 = guess.count == key.count ? 0 : 1
    for index in guess.indices {
        difference |= guess[index] ^ (index < key.count ? key[index] : 0)
    }
    return difference == 0
}
