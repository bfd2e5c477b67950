/// The bounds that keep one JSON text from costing more than it is worth.
public enum JSONLimits {
    /// Arrays and objects inside each other. Reading, writing and freeing a value recurse once per level, so this
    /// bounds the stack (under 300 bytes a level when optimised, 40 KiB in all); request bodies and tool schemas in the
    /// wild stay below 20.
    public static let depthMax = 128

    /// Values in one text, containers included. The smallest value costs two bytes of text and up to 80 of memory; the
    /// cap holds a hostile body to about 20 MiB and still admits a prompt of a quarter million token ids.
    public static let valueCountMax = 1 << 18

    /// Significant digits of a number that are read exactly; the rest count only as "more than zero". A midpoint
    /// between two doubles has at most 768, just below the smallest normal one, so this many and a "more" decide every
    /// rounding.
    static let significantDigitsMax = 768
}
