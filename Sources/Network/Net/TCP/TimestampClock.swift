import MonotonicTime

/// One connection's view of RFC 7323 timestamps: what to send, what to echo, and which segments are too old (PAWS).
struct TimestampClock: Sendable {
    /// Added to the clock's milliseconds, so that peers learn nothing about this host's uptime.
    private let offset: UInt32
    /// TS.Recent
    private(set) var recent: UInt32
    private var recentSetAt: Instant

    init(offset: UInt32, recent: UInt32, now: Instant) {
        self.offset = offset
        self.recent = recent
        recentSetAt = now
    }

    /// TSval: one tick is a millisecond, as section 5.4 recommends.
    static func value(offset: UInt32, now: Instant) -> UInt32 {
        UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000) &+ offset
    }

    func option(now: Instant) -> TCPTimestamps {
        TCPTimestamps(value: Self.value(offset: offset, now: now), echo: recent)
    }

    /// Section 5.3, R1: older than the latest in-order segment, unless the memory of that is itself too old.
    func isStale(_ value: UInt32, now: Instant) -> Bool {
        Int32(bitPattern: value &- recent) < 0 && now - recentSetAt < Limits.timestampValidity
    }

    /// Section 4.3, step 2: remember the timestamp of a segment that covers the last acknowledgment sent.
    mutating func update(_ value: UInt32, sequence: SequenceNumber, lastAcknowledged: SequenceNumber, now: Instant) {
        guard sequence <= lastAcknowledged else { return }
        recent = value
        recentSetAt = now
    }

    /// The round trip that an echo measures; nil when the echo is none of ours.
    func roundTrip(echo: UInt32, now: Instant) -> Interval? {
        let milliseconds = Int32(bitPattern: Self.value(offset: offset, now: now) &- echo)
        guard milliseconds >= 0, milliseconds < 600_000 else { return nil }
        // A tick that has not ended yet counts: the estimate must not be zero.
        return .milliseconds(UInt64(max(milliseconds, 1)))
    }
}
