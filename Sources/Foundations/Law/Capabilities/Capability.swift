/// The right to act as a subject, whole or narrowed. Only `Law` makes one: holding it is the proof.
///
/// It cannot be copied, so it cannot be kept by two owners. It names a generation of its subject and, when it has been
/// handed on, of the delegation: raising the number there makes it, and all that came of it, worthless at once.
public struct Capability: ~Copyable, Sendable {
    public let subject: SubjectID
    @usableFromInline let generation: UInt64
    let delegation: DelegationID?

    init(subject: SubjectID, generation: UInt64, delegation: DelegationID? = nil) {
        self.subject = subject
        self.generation = generation
        self.delegation = delegation
    }
}

/// Leave for one operation on one target, made by `Law.check` alone.
///
/// The privileged step consumes it and takes the object it acts upon from `target`: what was checked is what is used.
public struct Permit<Op: Operation>: ~Copyable, Sendable {
    public let subject: SubjectID
    public let target: Target

    @usableFromInline
    init(subject: SubjectID, target: Target) {
        self.subject = subject
        self.target = target
    }
}

/// Leave for one operation on the thing of a path: a program or a file.
public struct PathPermit<Op: Operation>: ~Copyable, Sendable {
    public let subject: SubjectID
    public let path: TargetPath

    @usableFromInline
    init(subject: SubjectID, path: TargetPath) {
        self.subject = subject
        self.path = path
    }
}

/// A row of the law's table: somebody who can hold capabilities.
public struct SubjectID: Hashable, Sendable {
    public let index: Int
    init(index: Int) { self.index = index }
}
