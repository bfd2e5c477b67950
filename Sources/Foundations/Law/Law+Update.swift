import MonotonicTime

/// Why a law was not put in the place of the one in force, which stays as it is.
public enum UpdateError: Error, Equatable, Sendable {
    /// Its version is not above the one in force.
    case versionNotNewer(current: Int)
    /// There is no law before this one, or it has been gone back to already.
    case nothingBefore

    public var message: String {
        switch self {
        case .versionNotNewer(let current): "\"version\" must be above \(current), the version in force"
        case .nothingBefore: "there is no earlier law to go back to"
        }
    }
}

/// A right that another law would give or take.
public struct VerdictChange: Equatable, Sendable {
    public let subject: String
    public let target: [UInt8]
    public let operations: OperationSet
    /// Whether it would be granted then: it is denied now, and has been asked for. Otherwise it is granted now, has
    /// been used, and would be denied.
    public let isGrantedThen: Bool
}

extension Law {
    /// Puts another law in force, whole and at once. Capabilities of subjects that both name live on, with the new
    /// rights; those of others are worthless.
    public mutating func replace(
        _ permit: consuming Permit<Administer, LawTarget>, with document: LawDocument, now: Instant
    ) throws(UpdateError) {
        guard document.version > self.document.version else {
            throw .versionNotNewer(current: self.document.version)
        }
        previousDocument = self.document
        change(to: document, .lawReplaced, by: permit.subject, now: now)
    }

    /// Goes back to the law before this one. Its version is raised, so that versions still only grow.
    public mutating func rollBack(_ permit: consuming Permit<Administer, LawTarget>, now: Instant) throws(UpdateError) {
        guard var document = previousDocument else { throw .nothingBefore }
        document.version = self.document.version + 1
        previousDocument = nil
        change(to: document, .lawRolledBack, by: permit.subject, now: now)
    }

    private mutating func change(
        to document: LawDocument, _ event: GrowthRecord.Event, by subject: SubjectID, now: Instant
    ) {
        // Recorded under the old law: a bus that may lose nothing and is full has refused the permit already.
        record(
            event, subject, target: Target.law.knownPath?.utf8Bytes ?? [], .administer,
            number: UInt64(clamping: document.version), now: now)
        enforce(document)
        growth.reconfigure(capacity: document.growthRecords, denies: document.whenGrowthIsFull == .deny)
    }

    /// What another law would change for those who have asked: denials on the growth bus that it would grant, and
    /// rights on the kernel's targets in use that it would take.
    public func rehearse(_ document: LawDocument) -> [VerdictChange] {
        var subjects: [String: LawDocument.Subject] = [:]
        for subject in document.subjects { subjects[subject.name] = subject }
        return gains(subjects) + losses(subjects)
    }

    private func gains(_ subjects: [String: LawDocument.Subject]) -> [VerdictChange] {
        var changes: [VerdictChange] = []
        for need in LawSuggestion.needs(of: growth.records) {
            guard let path = try? TargetPath(need.target), let rules = subjects[need.subject] else { continue }
            let gained = rules.operations(on: path).intersection(need.operations)
            guard !gained.isEmpty else { continue }
            changes.append(
                VerdictChange(
                    subject: need.subject, target: need.target, operations: gained, isGrantedThen: true))
        }
        return changes
    }

    private func losses(_ rules: [String: LawDocument.Subject]) -> [VerdictChange] {
        var changes: [VerdictChange] = []
        for index in subjects.indices where index != Self.kernelSubject.index && !subjects[index].isRemoved {
            let name = subjects[index].rules.name
            for target in Target.known {
                let used = knownUses[index * Target.knownCount + Int(target.index)]
                guard !used.isEmpty else { continue }
                let lost = used.subtracting(rules[name]?.operations(on: targets[target]) ?? [])
                guard !lost.isEmpty else { continue }
                changes.append(
                    VerdictChange(
                        subject: name, target: targets[target].bytes, operations: lost, isGrantedThen: false))
            }
        }
        return changes
    }
}
