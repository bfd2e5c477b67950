import MonotonicTime

/// A distribution of times in the form Prometheus wants: a count for each upper bound, a total count and a sum.
public struct Histogram: Sendable {
    /// Upper bounds in milliseconds, ascending; an observation above the last falls into the "+Inf" bucket.
    public let boundsMilliseconds: [UInt64]
    /// Observations of each bucket alone (not cumulative); one more than there are bounds.
    public private(set) var bucketCounts: [UInt64]
    public private(set) var count: UInt64 = 0
    public private(set) var sum: Interval = .zero

    public init(boundsMilliseconds: [UInt64]) {
        self.boundsMilliseconds = boundsMilliseconds
        bucketCounts = [UInt64](repeating: 0, count: boundsMilliseconds.count + 1)
    }

    public mutating func observe(_ interval: Interval) {
        var bucket = 0
        while bucket < boundsMilliseconds.count, .milliseconds(boundsMilliseconds[bucket]) < interval { bucket += 1 }
        bucketCounts[bucket] &+= 1
        count &+= 1
        sum = sum + interval
    }

    /// The mean of all observations; zero when there are none.
    public var mean: Interval { count == 0 ? .zero : sum / count }
}
