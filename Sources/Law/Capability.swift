/// The right to act as a subject. Only `Law` makes one: holding it is the proof.
///
/// It cannot be copied, so it cannot be kept by two owners; a generation makes it worthless once its subject is
/// revoked.
public struct Capability: ~Copyable, Sendable {
    let subject: SubjectID
    let generation: UInt32

    init(subject: SubjectID, generation: UInt32) {
        self.subject = subject
        self.generation = generation
    }
}

/// Leave for one operation on one target, made by `Law.check` alone.
///
/// The privileged step consumes it and takes the object it acts upon from `target`: what was checked is what is used.
public struct Permit<Op: Operation>: ~Copyable, Sendable {
    public let subject: SubjectID
    public let target: Target

    init(subject: SubjectID, target: Target) {
        self.subject = subject
        self.target = target
    }
}

/// A row of the law's table: somebody who can hold capabilities.
public struct SubjectID: Hashable, Sendable {
    public let index: Int
    init(index: Int) { self.index = index }
}
