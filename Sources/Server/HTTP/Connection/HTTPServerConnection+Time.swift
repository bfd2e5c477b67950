import MonotonicTime

extension HTTPServerConnection {
    /// When to call `advance(to:)` next, unless something else happens before.
    public var nextDeadline: Instant {
        min(phaseDeadline, stallDeadline)
    }

    /// Ends what has taken too long.
    public mutating func advance(to now: Instant) {
        if now >= stallDeadline {
            abort()
            return
        }
        guard now >= phaseDeadline else { return }
        switch phase {
        case .waiting, .lingering: phase = .closed
        case .readingHead: refuse(.headTimeout)
        case .readingBody: refuse(.bodyTimeout)
        case .bodyAnnounced, .awaitingGrant, .decoded, .responding, .streaming, .closed, .aborted: break
        }
    }

    private var phaseDeadline: Instant {
        switch phase {
        case .waiting(let until), .readingHead(let until): until
        case .readingBody(let since): bodyDeadline(since: since)
        // While the last response still flows out, only its own stall can end it.
        case .lingering(let until): outputBacklog == 0 ? until : .distantFuture
        case .bodyAnnounced, .awaitingGrant, .decoded, .responding, .streaming, .closed, .aborted: .distantFuture
        }
    }

    /// Each byte of the body earns the time that it takes at the slowest pace allowed.
    private func bodyDeadline(since: Instant) -> Instant {
        let earned = Interval.seconds(UInt64(decoder.bodyByteCount)) / max(limits.bodyBytesPerSecondMin, 1)
        return since + limits.bodyTimeout + earned
    }
}
