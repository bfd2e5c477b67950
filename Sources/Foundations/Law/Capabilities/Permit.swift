/// Leave for one operation on one target, made by `Law.check` alone.
///
/// Both are types: a permit to read cannot be spent on a write, nor one for the tokenizer on the law. The privileged
/// step takes its permit as a `consuming` argument and acts upon `target`: what was checked is what is used, once.
///
/// The compiler refuses a step without a permit, with another one, or with one that has been spent. It does not refuse
/// a permit that is dropped: no step is written so that it works without taking one.
public struct Permit<Op: Operation, Object: PermitTarget>: ~Copyable, Sendable {
    public let subject: SubjectID
    public let target: Object

    @usableFromInline
    init(subject: SubjectID, target: Object) {
        self.subject = subject
        self.target = target
    }
}

/// What a permit is for, as a type: one of the kernel's own things, or a path of some kind.
public protocol PermitTarget: Sendable {
    /// Where the law finds it.
    var key: TargetKey { get }
}

/// How the law finds a target: by its number, or by its path.
public enum TargetKey: Sendable {
    case number(Target)
    case path(TargetPath)
}

/// A target by its number, for what has no type of its own.
extension Target: PermitTarget {
    @inlinable public var key: TargetKey { .number(self) }
}
