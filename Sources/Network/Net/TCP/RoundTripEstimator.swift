import MonotonicTime

/// The retransmission timeout from measured round trips (RFC 6298).
struct RoundTripEstimator: Sendable {
    private var smoothed: Interval?
    private var variation: Interval = .zero
    private var base: Interval = Limits.initialRetransmissionTimeout
    private var backoff: UInt64 = 0

    /// SRTT; nil before the first measurement.
    var smoothedRoundTrip: Interval? { smoothed }

    /// RTO with back-off applied.
    var timeout: Interval {
        min(base * (1 << min(backoff, 16)), Limits.maximumRetransmissionTimeout)
    }

    /// Takes in a measurement of a segment that was sent only once (Karn's rule) or that carried a timestamp.
    mutating func addSample(_ sample: Interval) {
        if let smoothed {
            // Sections 2.3: RTTVAR first, with the old SRTT; alpha = 1/8, beta = 1/4.
            let deviation = sample > smoothed ? sample - smoothed : smoothed - sample
            variation = variation * 3 / 4 + deviation / 4
            self.smoothed = smoothed * 7 / 8 + sample / 8
        } else {
            smoothed = sample
            variation = sample / 2
        }
        let spread = max(variation * 4, .milliseconds(1))
        base = min(
            max((smoothed ?? sample) + spread, Limits.minimumRetransmissionTimeout),
            Limits.maximumRetransmissionTimeout)
        backoff = 0
    }

    /// Section 5.5: the timer expired.
    mutating func backOff() { backoff = min(backoff + 1, 16) }

    /// The peer made progress.
    mutating func resetBackoff() { backoff = 0 }

    /// Section 5.7: a SYN was lost, and there is no measurement yet.
    mutating func startAfterLostSYN() {
        guard smoothed == nil else { return }
        base = Limits.retransmissionTimeoutAfterLostSYN
        backoff = 0
    }
}
