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

/// A row of the law's table: somebody who can hold capabilities.
public struct SubjectID: Hashable, Sendable {
    public let index: Int
    init(index: Int) { self.index = index }
}
