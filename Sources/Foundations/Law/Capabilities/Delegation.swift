import MonotonicTime

/// Names a delegation of a certain generation.
struct DelegationID: Sendable {
    let slot: Int
    let generation: UInt64
}

/// What a capability was narrowed to when it was handed on. The subject's own grants still apply: a delegation only
/// takes away.
struct Delegation: Sendable {
    var generation: UInt64 = 0
    var subject: SubjectID
    var subjectGeneration: UInt64
    /// The delegation it came from; nil when it came from the subject itself.
    var parent: DelegationID?
    var operations: OperationSet
    /// What it covers; nil for everything.
    var pattern: TargetPattern?
    var expires: Instant
    /// How often it can be handed on.
    var depthLeft: Int
    /// Links to the subject, this one included.
    var linkCount: Int
    /// What this link and those before it leave of each of the kernel's targets.
    var knownMask: [OperationSet]
    var isInUse = true
}

/// Why a capability was not handed on.
public enum DelegationError: Error, Equatable, Sendable {
    /// The capability is worthless itself.
    case revoked
    /// It may not be handed on, or not again.
    case depthExhausted
    /// Too many are alive: `Limits.delegationsMax`.
    case tooMany

    public var message: String {
        switch self {
        case .revoked: "the capability has been revoked or has expired"
        case .depthExhausted: "the capability may not be handed on (delegation_depth)"
        case .tooMany: "\(Limits.delegationsMax) delegations are alive; revoke some"
        }
    }
}

/// How a capability is handed on: it never grows.
public struct DelegationTerms: Sendable {
    public var operations = OperationSet.all
    /// Only targets that this covers; all when nil.
    public var pattern: TargetPattern?
    public var expires = Instant.distantFuture
    /// How often the new one can be handed on; less than the old one's.
    public var depth = 0

    public init() {}
}

extension Law {
    /// Makes a capability from another: the same subject, with the rights that are left. The other one stays as it is;
    /// revoking it revokes what came of it.
    public mutating func delegate(
        _ capability: borrowing Capability, _ terms: DelegationTerms, now: Instant
    ) throws(DelegationError) -> Capability {
        let depth = depthLeft(of: capability)
        guard depth > 0 else { throw validity(capability, now: now) == nil ? .depthExhausted : .revoked }
        return try link(to: capability, terms, depthLeft: min(terms.depth, depth - 1), now: now)
    }

    /// Takes rights from the holder itself, for good. Nothing is handed on, so no depth is used up.
    public mutating func narrow(
        _ capability: inout Capability, _ terms: DelegationTerms, now: Instant
    ) throws(DelegationError) {
        capability = try link(to: capability, terms, depthLeft: depthLeft(of: capability), now: now)
    }

    /// Forgets what `narrow` made of a capability that nobody needs any more.
    public mutating func dissolve(_ capability: borrowing Capability) {
        var link = capability.delegation
        while let id = link, delegations[id.slot].generation == id.generation {
            link = delegations[id.slot].parent
            free(id.slot)
        }
    }

    private func depthLeft(of capability: borrowing Capability) -> Int {
        capability.delegation.map { delegations[$0.slot].depthLeft }
            ?? subjects[capability.subject.index].rules.delegationDepth
    }

    private mutating func link(
        to capability: borrowing Capability, _ terms: DelegationTerms, depthLeft: Int, now: Instant
    ) throws(DelegationError) -> Capability {
        guard validity(capability, now: now) == nil else { throw .revoked }
        let subject = capability.subject
        let parent = capability.delegation
        let linkCount = (parent.map { delegations[$0.slot].linkCount } ?? 0) + 1
        guard linkCount <= Limits.delegationLinksMax else { throw .depthExhausted }
        let inherited = parent.map { delegations[$0.slot].knownMask }
        let mask = Target.known.map { target -> OperationSet in
            let covers = terms.pattern?.covers(targets[target]) ?? true
            let before = inherited?[Int(target.index)] ?? .all
            return covers ? before.intersection(terms.operations) : []
        }
        var delegation = Delegation(
            subject: subject, subjectGeneration: capability.generation, parent: parent, operations: terms.operations,
            pattern: terms.pattern, expires: terms.expires, depthLeft: depthLeft,
            linkCount: linkCount, knownMask: mask)
        guard let slot = freeDelegationSlot(now: now) else { throw .tooMany }
        if slot < delegations.count {
            delegation.generation = delegations[slot].generation
            delegations[slot] = delegation
        } else {
            delegations.append(delegation)
        }
        let path = terms.pattern.map { $0.bytes } ?? Array("/**".utf8)
        record(.delegated, subject, target: path, terms.operations, number: UInt64(linkCount), now: now)
        return Capability(
            subject: subject, generation: capability.generation,
            delegation: DelegationID(slot: slot, generation: delegation.generation))
    }

    /// Makes a capability, and all that came of it, worthless at once. One that was never handed on is its subject's:
    /// with it go all of the subject.
    public mutating func revoke(_ capability: borrowing Capability, now: Instant) {
        guard let id = capability.delegation else { return revoke(capability.subject, now: now) }
        guard delegations[id.slot].generation == id.generation else { return }
        let pattern = delegations[id.slot].pattern.map { $0.bytes } ?? Array("/**".utf8)
        let operations = delegations[id.slot].operations
        free(id.slot)
        record(.revoked, capability.subject, target: pattern, operations, now: now)
    }

    /// Makes every capability of `subject` worthless at once; new ones can be had.
    public mutating func revoke(
        _ permit: consuming Permit<Administer, LawTarget>, _ subject: SubjectID, now: Instant
    ) {
        revoke(subject, now: now)
    }

    private mutating func revoke(_ subject: SubjectID, now: Instant) {
        subjects[subject.index].generation += 1
        record(.revoked, subject, target: Array("/**".utf8), .all, now: now)
    }

    // MARK: Links

    /// Why a capability is worthless; nil when it is not. Walks the links to its subject: `delegationLinksMax` at most.
    func validity(_ capability: borrowing Capability, now: Instant) -> Denial.Reason? {
        guard subjects[capability.subject.index].generation == capability.generation else { return .revoked }
        return validity(of: capability.delegation, now: now)
    }

    private func validity(of delegation: DelegationID?, now: Instant) -> Denial.Reason? {
        var link = delegation
        while let id = link {
            guard delegations[id.slot].generation == id.generation else { return .revoked }
            guard now < delegations[id.slot].expires else { return .expired }
            link = delegations[id.slot].parent
        }
        return nil
    }

    /// What a delegation leaves of `operations` on a target that is no part of the kernel.
    func narrowed(_ operations: OperationSet, by delegation: DelegationID?, on path: TargetPath) -> OperationSet {
        var left = operations
        var link = delegation
        while let id = link {
            let covers = delegations[id.slot].pattern?.covers(path) ?? true
            left = covers ? left.intersection(delegations[id.slot].operations) : []
            link = delegations[id.slot].parent
        }
        return left
    }

    private mutating func free(_ slot: Int) {
        delegations[slot].generation += 1
        delegations[slot].isInUse = false
        freeDelegations.append(slot)
    }

    /// A slot that nobody needs: a free one, a new one, or, when there are too many, one whose capability is worthless.
    private mutating func freeDelegationSlot(now: Instant) -> Int? {
        if let slot = freeDelegations.popLast() { return slot }
        if delegations.count < Limits.delegationsMax { return delegations.count }
        for slot in delegations.indices where delegations[slot].isInUse {
            let subject = subjects[delegations[slot].subject.index]
            let isOfOldSubject = subject.generation != delegations[slot].subjectGeneration
            let id = DelegationID(slot: slot, generation: delegations[slot].generation)
            if isOfOldSubject || validity(of: id, now: now) != nil { free(slot) }
        }
        return freeDelegations.popLast()
    }
}
