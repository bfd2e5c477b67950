import MonotonicTime

/// Which link-layer address belongs to which neighbor (RFC 826), bounded in size.
///
/// Only neighbors that we asked for, or that asked for us, get an entry: gratuitous traffic cannot fill the cache. An
/// address in use is asked for again before it expires, so that established traffic never stalls.
struct NeighborCache: Sendable {
    /// What is known about a neighbor.
    enum Lookup: Equatable {
        case found(EthernetAddress)
        /// A request is on its way.
        case pending
    }

    private enum State {
        case unresolved
        case resolved(EthernetAddress, confirmedAt: Instant)
    }

    private struct Entry {
        var address: IPv4Address
        var state: State
        var requestCount = 0
        var nextRequestAt: Instant
        var usedAt: Instant
    }

    private var entries: [Entry] = []
    private var latestHit = 0
    /// Requests that are due.
    private(set) var wantedRequests: [IPv4Address] = []

    init() {
        entries.reserveCapacity(Limits.neighborCount)
        wantedRequests.reserveCapacity(Limits.neighborCount)
    }

    /// When an unresolved neighbor must be asked again.
    var nextDeadline: Instant {
        var earliest = Instant.distantFuture
        for entry in entries {
            if case .unresolved = entry.state { earliest = min(earliest, entry.nextRequestAt) }
        }
        return earliest
    }

    /// The address of `neighbor`; asks for it when it is unknown or getting old.
    mutating func lookup(_ neighbor: IPv4Address, now: Instant) -> Lookup {
        guard let index = index(of: neighbor) else {
            insert(Entry(address: neighbor, state: .unresolved, nextRequestAt: now, usedAt: now))
            request(at: entries.count - 1, now: now)
            return .pending
        }
        latestHit = index
        entries[index].usedAt = now
        switch entries[index].state {
        case .resolved(let hardware, let confirmedAt):
            let age = now - confirmedAt
            if age >= Limits.neighborLifetime {
                entries[index].state = .unresolved
                entries[index].requestCount = 0
                request(at: index, now: now)
                return .pending
            }
            if age >= Limits.neighborRefreshAge { request(at: index, now: now) }
            return .found(hardware)
        case .unresolved:
            return .pending
        }
    }

    /// Notes what an ARP packet says about its sender. With `mayInsert`, because the sender wants to talk to us, a new
    /// entry is made. Returns true when `neighbor` became known by this.
    mutating func confirm(_ neighbor: IPv4Address, hardware: EthernetAddress, mayInsert: Bool, now: Instant) -> Bool {
        if let index = index(of: neighbor) {
            var becameKnown = false
            if case .unresolved = entries[index].state { becameKnown = true }
            entries[index].state = .resolved(hardware, confirmedAt: now)
            entries[index].requestCount = 0
            return becameKnown
        }
        guard mayInsert else { return false }
        insert(Entry(address: neighbor, state: .resolved(hardware, confirmedAt: now), nextRequestAt: now, usedAt: now))
        return true
    }

    /// Repeats requests that got no answer and forgets neighbors that never answered. Returns true when it forgot one.
    mutating func advance(to now: Instant) -> Bool {
        var hasForgotten = false
        for index in entries.indices.reversed() {
            guard case .unresolved = entries[index].state, entries[index].nextRequestAt <= now else { continue }
            if entries[index].requestCount >= Limits.neighborRequestCount {
                entries.remove(at: index)
                hasForgotten = true
            } else {
                request(at: index, now: now)
            }
        }
        return hasForgotten
    }

    /// Whether there is an entry for `neighbor`, resolved or not.
    func contains(_ neighbor: IPv4Address) -> Bool { index(of: neighbor) != nil }

    /// Takes the next neighbor to ask for.
    mutating func nextRequest() -> IPv4Address? { wantedRequests.popLast() }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        wantedRequests.removeAll(keepingCapacity: true)
    }

    private func index(of neighbor: IPv4Address) -> Int? {
        if latestHit < entries.count, entries[latestHit].address == neighbor { return latestHit }
        return entries.firstIndex { $0.address == neighbor }
    }

    private mutating func request(at index: Int, now: Instant) {
        guard entries[index].nextRequestAt <= now, wantedRequests.count < Limits.neighborCount else { return }
        entries[index].nextRequestAt = now + Limits.neighborRequestInterval
        entries[index].requestCount += 1
        wantedRequests.append(entries[index].address)
    }

    /// A full cache forgets the entry that was not used for the longest time.
    private mutating func insert(_ entry: Entry) {
        if entries.count >= Limits.neighborCount {
            var oldest = 0
            for index in entries.indices where entries[index].usedAt < entries[oldest].usedAt { oldest = index }
            entries.swapAt(oldest, entries.count - 1)
            entries.removeLast()
        }
        entries.append(entry)
    }
}
