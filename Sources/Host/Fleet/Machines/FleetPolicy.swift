import MonotonicTime

/// When machines start and stop, and how long requests wait for them.
public struct FleetPolicy: Sendable {
    /// Machines that hold memory at the same time, those that are still ending included.
    public var residentMax = 2
    /// How long a model's machine stays without a request.
    public var idleTimeout = Interval.seconds(60)

    /// From a request's arrival to its machine being ready. A 7B model is read from a cold disk in half of that.
    public var waitMax = Interval.seconds(120)
    /// Requests that wait for one model. As many as its machine would queue; more would be waiting for their refusal.
    public var waitingMax = 256
    /// Machines that one request is sent to, one after the other, before it is given up.
    public var attemptsMax = 3

    /// The pause after a failed start; it doubles with each failure in a row, up to `backoffMax`.
    public var backoffMin = Interval.seconds(1)
    public var backoffMax = Interval.seconds(60)
    /// A machine that ends sooner after it was ready counts as a failed start: it would otherwise end and start for
    /// ever.
    public var provenAfter = Interval.seconds(2)
    /// How long a machine that lost a request gets no other one, unless it answers meanwhile: the news that it has
    /// ended may be on its way.
    public var shunTime = Interval.milliseconds(200)

    /// How long a request waits while all places are busy before one of the busy machines takes no more requests.
    public var patience = Interval.seconds(2)
    /// How long answers under way may take once a stop was asked for.
    public var drainMax = Interval.seconds(10)
    /// From the request to stop to the end by force; a kernel gives its own answers ten seconds, `run` fifteen.
    public var stopMax = Interval.seconds(20)

    public init() {}

    /// The pause after `count` failures in a row, at least one.
    func backoff(afterFailures count: Int) -> Interval {
        var pause = backoffMin
        for _ in 1..<max(count, 1) where pause < backoffMax { pause = pause * 2 }
        return min(pause, backoffMax)
    }
}
