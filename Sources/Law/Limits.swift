/// Bounds of the law's own memory.
public enum Limits {
    /// Denials kept for reading: 1,024 records of about 40 bytes, enough to see a pattern and small enough to forget.
    public static var growthRecordsDefault: Int { 1_024 }
}
