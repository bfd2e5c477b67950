/// A distribution of numbers in the form Prometheus wants: a count for each upper bound, a total count and a sum.
public struct CountHistogram: Sendable {
    /// Upper bounds, ascending; an observation above the last falls into the "+Inf" bucket.
    public let bounds: [UInt64]
    /// Observations of each bucket alone (not cumulative); one more than there are bounds.
    public private(set) var bucketCounts: [UInt64]
    public private(set) var count: UInt64 = 0
    public private(set) var sum: UInt64 = 0

    public init(bounds: [UInt64]) {
        self.bounds = bounds
        bucketCounts = [UInt64](repeating: 0, count: bounds.count + 1)
    }

    public mutating func observe(_ value: UInt64) {
        var bucket = 0
        while bucket < bounds.count, bounds[bucket] < value { bucket += 1 }
        bucketCounts[bucket] &+= 1
        count &+= 1
        sum &+= value
    }
}
