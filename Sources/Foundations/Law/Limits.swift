import MonotonicTime

/// Bounds of the law's own memory and time. Each says why it is what it is.
public enum Limits {
    // MARK: The document

    /// Bytes of raw.json: half of what an HTTP body may hold, and room for twenty thousand rules.
    public static var documentBytesMax: Int { 2 << 20 }
    /// Subjects of one law: the dense table has a row for each.
    public static var subjectsMax: Int { 16_384 }
    /// Grants of one subject: a target that is no part of the kernel is matched against each of them once.
    public static var grantsPerSubjectMax: Int { 256 }
    /// Bytes of a subject's name: it stands in every record about it.
    public static var nameBytesMax: Int { 64 }
    /// Bytes of a path or pattern: it stands in every record about it.
    public static var pathBytesMax: Int { 256 }
    /// Segments of a path or pattern: real ones have at most six.
    public static var pathSegmentsMax: Int { 16 }

    // MARK: Capabilities

    /// Links from a capability to the subject it comes from: a check of a delegated one walks them.
    public static var delegationLinksMax: Int { 8 }
    /// Delegated capabilities that are alive at the same time.
    public static var delegationsMax: Int { 4_096 }

    // MARK: Targets

    /// Paths that have a target of their own besides the kernel's: programs and files.
    public static var targetsMax: Int { 8_192 }
    /// Decisions about such targets that are remembered, a power of two: 64 KiB.
    static var decisionsMax: Int { 8_192 }

    // MARK: Quotas

    /// What a subject may use at once of a quota that is given by the minute.
    static var tokenWindow: Interval { .seconds(60) }
    /// Far above what any machine serves, far below what overflows in nanoseconds.
    public static var quotaMax: Int { 1_000_000_000 }
    /// A hundred times another's share is as good as all of it.
    static var weightMax: Int { 100 }

    // MARK: The growth bus

    /// Records kept for reading, unless raw.json says otherwise: enough to see a pattern and small enough to forget.
    public static var growthRecordsDefault: Int { 1_024 }
    /// About 16 MiB of records.
    public static var growthRecordsMax: Int { 65_536 }
}
