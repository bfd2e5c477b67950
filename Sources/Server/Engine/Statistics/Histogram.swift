import MonotonicTime

/// A distribution of times.
public struct Histogram: Sendable {
    /// In nanoseconds.
    package private(set) var counts: CountHistogram

    /// - Parameter boundsMilliseconds: upper bounds, ascending.
    public init(boundsMilliseconds: [UInt64]) {
        counts = CountHistogram(bounds: boundsMilliseconds.map { Interval.milliseconds($0).nanoseconds })
    }

    public mutating func observe(_ interval: Interval) { counts.observe(interval.nanoseconds) }

    public var count: UInt64 { counts.count }
    public var sum: Interval { .nanoseconds(counts.sum) }
}
