/// A stretch of physical memory: `start..<end`, in bytes.
public struct PhysicalRange: Hashable, Sendable {
    public var start: UInt64
    public var end: UInt64

    public init(start: UInt64, end: UInt64) {
        self.start = start
        self.end = max(start, end)
    }

    public var byteCount: UInt64 { end - start }
    public var isEmpty: Bool { start == end }

    /// Shrunk to whole pages of `alignment` bytes, a power of two; empty when none fits.
    public func shrunk(toMultipleOf alignment: UInt64) -> PhysicalRange {
        let (bumped, overflow) = start.addingReportingOverflow(alignment - 1)
        guard !overflow else { return PhysicalRange(start: end, end: end) }
        return PhysicalRange(start: bumped & ~(alignment - 1), end: end & ~(alignment - 1))
    }

    /// Grown to whole pages of `alignment` bytes, a power of two.
    public func grown(toMultipleOf alignment: UInt64) -> PhysicalRange {
        let (bumped, overflow) = end.addingReportingOverflow(alignment - 1)
        return PhysicalRange(start: start & ~(alignment - 1), end: overflow ? end : bumped & ~(alignment - 1))
    }
}

/// The RAM a VMM announced, sorted and free of overlaps.
public struct MemoryMap: Equatable, Sendable {
    public private(set) var usable: [PhysicalRange] = []

    public init() {}

    /// Ranges may come in any order; overlapping ones are merged, so that no byte is handed out twice.
    public init(usable ranges: [PhysicalRange]) {
        for range in ranges.sorted(by: { $0.start < $1.start }) where !range.isEmpty {
            if let last = usable.last, range.start <= last.end {
                usable[usable.count - 1].end = max(last.end, range.end)
            } else {
                usable.append(range)
            }
        }
    }

    public var byteCount: UInt64 { usable.reduce(0) { $0 + $1.byteCount } }

    /// The address past the last usable byte.
    public var end: UInt64 { usable.last?.end ?? 0 }

    /// Takes `range` out: the kernel's image, a page that must not be touched.
    public mutating func remove(_ range: PhysicalRange) {
        var kept: [PhysicalRange] = []
        for piece in usable {
            let before = PhysicalRange(start: piece.start, end: min(piece.end, range.start))
            let after = PhysicalRange(start: max(piece.start, range.end), end: piece.end)
            if piece.start < range.start, !before.isEmpty { kept.append(before) }
            if piece.end > range.end, !after.isEmpty { kept.append(after) }
        }
        usable = kept
    }
}
