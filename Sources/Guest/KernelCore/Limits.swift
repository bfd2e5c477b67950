/// Bounds of what the kernel believes and keeps.
public enum Limits {
    /// E820 maps have a dozen entries; Linux's own bound is 128.
    public static var memoryRangesMax: UInt32 { 128 }
    public static var pageBytes: UInt64 { 4_096 }
    public static var largePageBytes: UInt64 { 2 << 20 }
    /// A span of one size class: sixteen pages keep the header's share under 0.1 %.
    public static var slabBytes: Int { 64 << 10 }
    /// Requests above are served in whole pages.
    public static var smallAllocationBytesMax: Int { 8 << 10 }
}
