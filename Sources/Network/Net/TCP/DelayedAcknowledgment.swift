import MonotonicTime

/// When to acknowledge (RFC 9293, section 3.8.6.3; RFC 5681, section 4.2): at once for every second full segment and
/// for anything unusual, otherwise after a short delay in which the answer may carry the acknowledgment.
struct DelayedAcknowledgment: Sendable {
    private(set) var isDue = false
    private(set) var deadline = Instant.distantFuture
    private var pendingByteCount = 0

    /// The next segment must go out now.
    mutating func acknowledgeNow() { isDue = true }

    /// `byteCount` bytes arrived in order from a peer whose full segments have `fullSize` bytes.
    mutating func noteArrival(_ byteCount: Int, fullSize: Int, now: Instant) {
        pendingByteCount += byteCount
        if pendingByteCount >= 2 * fullSize {
            isDue = true
        } else if deadline == .distantFuture {
            deadline = now + Limits.acknowledgmentDelay
        }
    }

    mutating func advance(to now: Instant) {
        if deadline <= now { isDue = true }
    }

    /// A segment with a current acknowledgment went out.
    mutating func noteSent() { self = DelayedAcknowledgment() }
}
