import MonotonicTime

/// Chooses initial sequence numbers and timestamp offsets that grow with time and that only the owner of the secret can
/// predict (RFC 6528; RFC 7323, section 5.4).
struct InitialSequence: Sendable {
    private let secret: NetworkSecret

    init(secret: NetworkSecret) { self.secret = secret }

    /// ISN = M + F(local address, flow, secret), where M ticks every 4 microseconds.
    func sequenceNumber(localAddress: IPv4Address, key: FlowKey, now: Instant) -> SequenceNumber {
        let ticks = UInt32(truncatingIfNeeded: now.nanoseconds / 4_000)
        return SequenceNumber(ticks &+ hash(localAddress, key, purpose: 0))
    }

    /// What is added to the clock in the timestamps of a connection. The same for each incarnation of a flow, so that
    /// timestamps keep growing from one to the next (RFC 6191).
    func timestampOffset(localAddress: IPv4Address, key: FlowKey) -> UInt32 {
        hash(localAddress, key, purpose: 1)
    }

    private func hash(_ localAddress: IPv4Address, _ key: FlowKey, purpose: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: SipHash.hash(key.bits, UInt64(localAddress.bits) << 8 | purpose, key: secret))
    }
}
