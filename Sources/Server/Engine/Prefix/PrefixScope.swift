import Law

/// Whose prompts a cached prefix may serve.
///
/// A request that is answered sooner because of another's prompt reveals that prompt, token by token, to whoever
/// measures the time (CVE-2025-46570). So every subject of the law has a scope of its own, and a prefix is found in the
/// scope only in which it was kept.
public enum PrefixScope: Hashable, Sendable {
    /// The default: one subject's requests among themselves.
    case subject(SubjectID)
    /// Subjects who have been granted to share, and so to learn of one another's prompts.
    case shared(UInt32)
}
