import MonotonicTime

/// What has become of a model's requests and machines since the fleet began.
public struct ModelStatistics: Equatable, Sendable {
    /// Requests that arrived.
    public internal(set) var requestCount: UInt64 = 0
    /// Times that one was sent to another machine because its own was lost.
    public internal(set) var retryCount: UInt64 = 0
    /// Those that no machine answered.
    public internal(set) var refusalCount: UInt64 = 0
    public internal(set) var startCount: UInt64 = 0
    /// Starts that failed, and machines that ended right after they were ready.
    public internal(set) var failedStartCount: UInt64 = 0
    /// Machines that made room for another model's.
    public internal(set) var evictionCount: UInt64 = 0
    /// Machines that were stopped because no request came any more.
    public internal(set) var idleStopCount: UInt64 = 0
    /// From a start to the machine being ready.
    public internal(set) var startTimes = StartTimes()
}

/// How long starts took: a histogram.
public struct StartTimes: Equatable, Sendable {
    /// Upper bounds, in milliseconds: from a small model in memory to a large one on a cold disk.
    static let boundsMilliseconds: [UInt64] = [
        25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000,
    ]

    /// Those within each bound and above the one before.
    private(set) var bucketCounts = [UInt64](repeating: 0, count: boundsMilliseconds.count)
    public private(set) var count: UInt64 = 0
    public private(set) var sum = Interval.zero

    mutating func record(_ time: Interval) {
        count += 1
        sum = sum + time
        let bucket = Self.boundsMilliseconds.firstIndex { time <= .milliseconds($0) }
        if let bucket { bucketCounts[bucket] += 1 }
    }
}

extension Fleet {
    public func statistics(ofModel index: Int) -> ModelStatistics { models[index].statistics }
}
