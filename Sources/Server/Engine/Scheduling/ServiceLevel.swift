import MonotonicTime

/// What the server promises to those it takes in. A request for which a promise cannot be kept is refused at once, with
/// the time after which it can; without promises all are taken until the queue is full.
public struct ServiceLevel: Equatable, Sendable {
    /// From a request's arrival to its first token.
    public var timeToFirstTokenMax: Interval?
    /// Between two tokens of a stream.
    public var timeBetweenTokensMax: Interval?

    public init(timeToFirstTokenMax: Interval? = nil, timeBetweenTokensMax: Interval? = nil) {
        self.timeToFirstTokenMax = timeToFirstTokenMax
        self.timeBetweenTokensMax = timeBetweenTokensMax
    }
}
