import MonotonicTime

/// Allows a number of events in each second.
struct RateLimiter: Sendable {
    private let countPerSecond: Int
    private var windowStart: Instant
    private var count = 0

    init(countPerSecond: Int, now: Instant) {
        self.countPerSecond = countPerSecond
        windowStart = now
    }

    /// Whether one more event may happen at `now`.
    mutating func allow(now: Instant) -> Bool {
        if now - windowStart >= .seconds(1) {
            windowStart = now
            count = 0
        }
        guard count < countPerSecond else { return false }
        count += 1
        return true
    }
}
