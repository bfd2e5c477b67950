import MonotonicTime

/// Why an operation was refused. The caller answers `EPERM` (403 over HTTP) and does nothing.
public struct Denial: Error, Equatable, Sendable {
    public enum Reason: UInt8, CaseIterable, Sendable {
        /// The table grants the subject no such operation on the target.
        case notGranted = 1
        /// The capability is of a generation that has been revoked.
        case revoked
        /// The time for which the capability was handed on is over.
        case expired
        /// The growth bus is full of records that nobody has read, and the law wants them kept.
        case logUnkept

        public var name: StaticString {
            switch self {
            case .notGranted: "not granted"
            case .revoked: "revoked"
            case .expired: "expired"
            case .logUnkept: "the log cannot be kept"
            }
        }
    }

    public let time: Instant
    public let subject: SubjectID
    public let path: TargetPath
    public let operation: OperationCode
    public let reason: Reason
}

extension Law {
    /// Asks leave for `operation` on `target`: a handful of loads for the kernel's own things, whatever the number of
    /// rules; a path without a number is held against the subject's own grants. A denial leaves a record on the growth
    /// bus.
    @inlinable
    public mutating func check<Op: Operation, Object: PermitTarget>(
        _ capability: borrowing Capability, _ operation: Op.Type, on target: Object, now: Instant
    ) throws(Denial) -> Permit<Op, Object> {
        switch target.key {
        case .number(let number): try check(capability, Op.code, on: number, now: now)
        case .path(let path): try check(capability, Op.code, on: path, now: now)
        }
        return Permit(subject: capability.subject, target: target)
    }

    /// Gives a path a number, for targets that will be asked about often. Nil when there are too many: checks by path
    /// answer the same, a little later.
    public mutating func target(of path: TargetPath) -> Target? { targets.target(of: path) }

    /// The path of a target.
    public func path(of target: Target) -> TargetPath { targets[target] }

    @usableFromInline
    mutating func check(
        _ capability: borrowing Capability, _ code: OperationCode, on target: Target, now: Instant
    ) throws(Denial) {
        let subject = capability.subject.index
        let index = Int(target.index)
        let cell = subject &* Target.knownCount &+ index
        if index < Target.knownCount, capability.delegation == nil, !growth.isStalled,
            subjects[subject].generation == capability.generation, knownGrants[cell].contains(code)
        {
            knownUses[cell].formUnion(OperationSet(code))
            return
        }
        try checkAtLength(capability, code, on: target, now: now)
    }

    @usableFromInline
    mutating func check(
        _ capability: borrowing Capability, _ code: OperationCode, on path: TargetPath, now: Instant
    ) throws(Denial) {
        if let target = targets.existing(path) { return try check(capability, code, on: target, now: now) }
        let isKernel = capability.subject == Self.kernelSubject
        let granted = isKernel ? .all : subjects[capability.subject.index].rules.operations(on: path)
        let left = narrowed(granted, by: capability.delegation, on: path)
        try conclude(capability, code, granted: left, on: path, now: now)
    }

    /// Everything but the common case: delegated capabilities, targets that are no part of the kernel, denials.
    @inline(never)
    private mutating func checkAtLength(
        _ capability: borrowing Capability, _ code: OperationCode, on target: Target, now: Instant
    ) throws(Denial) {
        let index = Int(target.index)
        let granted: OperationSet
        if index < Target.knownCount {
            let own = knownGrants[capability.subject.index * Target.knownCount + index]
            granted = capability.delegation.map { own.intersection(delegations[$0.slot].knownMask[index]) } ?? own
        } else {
            let own = operations(of: capability.subject, on: target)
            granted =
                capability.delegation == nil
                ? own : narrowed(own, by: capability.delegation, on: targets[target])
        }
        try conclude(capability, code, granted: granted, on: targets[target], now: now)
    }

    /// What a subject may do with a target that is no part of the kernel.
    private mutating func operations(of subject: SubjectID, on target: Target) -> OperationSet {
        if subject == Self.kernelSubject { return .all }
        if let operations = decisions.operations(subject.index, target) { return operations }
        let operations = subjects[subject.index].rules.operations(on: targets[target])
        decisions.remember(operations, subject.index, target)
        return operations
    }

    /// Grants or denies, once it is known what the capability allows if it is worth anything.
    private mutating func conclude(
        _ capability: borrowing Capability, _ code: OperationCode, granted: OperationSet, on path: TargetPath,
        now: Instant
    ) throws(Denial) {
        let subject = capability.subject
        let reason: Denial.Reason
        if let invalid = validity(capability, now: now) {
            reason = invalid
        } else if growth.isStalled, !isExemptFromKeeping(subject, code, path) {
            reason = .logUnkept
        } else if granted.contains(code) {
            return
        } else if subjects[subject.index].rules.isLearning, capability.delegation == nil {
            record(.learned, subject, target: path.bytes, OperationSet(code), .notGranted, now: now)
            return
        } else {
            reason = .notGranted
        }
        record(.denied, subject, target: path.bytes, OperationSet(code), reason, now: now)
        throw Denial(time: now, subject: subject, path: path, operation: code, reason: reason)
    }

    /// Whoever may read the records must be able to when they are in the way of everything else; and the kernel must
    /// stay able to stop.
    private func isExemptFromKeeping(_ subject: SubjectID, _ code: OperationCode, _ path: TargetPath) -> Bool {
        subject == Self.kernelSubject || (code == .read && path == targets[.growth])
    }
}
