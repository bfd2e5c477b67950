import MonotonicTime

/// All TCP connections of a host: listeners, the connection table, and what is due next.
///
/// Connections live in numbered slots. Lists of slots say which want to send, which wait for a neighbor's address,
/// which are half-open or in TIME-WAIT, and which have news for the user; a heap knows the next deadline. Each
/// operation costs constant or logarithmic time, whatever the number of connections.
struct TCPTransport: Sendable {
    struct Listener: Sendable {
        let port: UInt16
        let backlog: Int
        var halfOpenCount = 0
    }

    struct Slot: Sendable {
        var connection: TCPConnection
        var generation: UInt32 = 0
        /// The user knows the connection by its id and has not been notified that it is closed.
        var isAttached = false
        /// Counts toward `maximumConnections`.
        var isEstablished = false
        var openedAt = Instant.origin
    }

    let configuration: TransportConfiguration
    let settings: TCPSettings
    let initialSequence: InitialSequence
    var listeners: [Listener] = []
    var slots: [Slot] = []
    var freeSlots: [Int] = []
    var table: ConnectionTable
    var deadlines: DeadlineHeap
    /// Connections that may have a segment to send.
    var ready: SlotList
    /// Connections that have a segment to send but no link-layer address to send it to.
    var awaitingNeighbor: SlotList
    var halfOpen: SlotList
    var timeWait: SlotList
    /// Connections with events that the user has not read.
    var eventful: SlotList
    var establishedCount = 0
    var statistics = TCPStatistics()

    init(configuration: TransportConfiguration, maximumTransmissionUnit: Int, secret: NetworkSecret) {
        let capacity = configuration.slotCount
        self.configuration = configuration
        settings = TCPSettings(maximumTransmissionUnit: maximumTransmissionUnit, transport: configuration)
        initialSequence = InitialSequence(secret: secret)
        table = ConnectionTable(capacity: capacity, secret: secret)
        deadlines = DeadlineHeap(capacity: capacity)
        ready = SlotList(capacity: capacity)
        awaitingNeighbor = SlotList(capacity: capacity)
        halfOpen = SlotList(capacity: capacity)
        timeWait = SlotList(capacity: capacity)
        eventful = SlotList(capacity: capacity)
    }

    var nextDeadline: Instant { deadlines.earliest }

    /// Lets every connection act whose deadline has come.
    mutating func advance(to now: Instant) {
        // Each connection's next deadline lies in the future, so the loop ends; the bound is for the day it does not.
        for _ in 0..<max(1, slots.count) * 4 {
            guard let slot = deadlines.firstExpired(at: now) else { return }
            slots[slot].connection.advance(to: now)
            settle(slot)
        }
    }
}

// Bookkeeping.
extension TCPTransport {
    /// Brings lists, heap and counters up to date with the connection in `slot` after something has happened to it.
    mutating func settle(_ slot: Int) {
        absorbStatistics(of: slot)
        let state = slots[slot].connection.state
        if halfOpen.contains(slot), state != .synReceived { leaveHalfOpen(slot) }
        if slots[slot].isEstablished, state == .closed || state == .timeWait { leaveEstablished(slot) }
        if state == .closed { return retire(slot) }
        if state == .timeWait { enterTimeWait(slot) }
        if slots[slot].isAttached, !slots[slot].connection.events.isEmpty { eventful.append(slot) }
        ready.append(slot)
        deadlines.update(slot, to: slots[slot].connection.nextDeadline)
    }

    private mutating func leaveHalfOpen(_ slot: Int) {
        halfOpen.remove(slot)
        let port = slots[slot].connection.endpoints.localPort
        if let index = listeners.firstIndex(where: { $0.port == port }) { listeners[index].halfOpenCount -= 1 }
        if slots[slot].connection.state == .closed {
            statistics.failedHandshakes += 1
        } else {
            attach(slot)
        }
    }

    /// The connection becomes the user's.
    mutating func attach(_ slot: Int) {
        slots[slot].isAttached = true
        slots[slot].isEstablished = true
        establishedCount += 1
    }

    private mutating func leaveEstablished(_ slot: Int) {
        slots[slot].isEstablished = false
        establishedCount -= 1
        if slots[slot].connection.closeReason == .timedOut { statistics.timedOutConnections += 1 }
    }

    /// TIME-WAIT is bounded in number: the oldest gives way.
    private mutating func enterTimeWait(_ slot: Int) {
        guard !timeWait.contains(slot) else { return }
        if timeWait.count >= configuration.maximumTimeWaitConnections, let oldest = timeWait.first {
            slots[oldest].connection.finish(.finished)
            retire(oldest)
        }
        timeWait.append(slot)
    }

    /// The connection is over: nothing finds it any more. Its slot is free once the user knows.
    mutating func retire(_ slot: Int) {
        let key = slots[slot].connection.endpoints.key
        if table.slot(of: key) == slot { table.remove(key) }
        ready.remove(slot)
        awaitingNeighbor.remove(slot)
        halfOpen.remove(slot)
        timeWait.remove(slot)
        deadlines.update(slot, to: .distantFuture)
        if slots[slot].isAttached { eventful.append(slot) } else { release(slot) }
    }

    /// The user has let go: its id becomes stale, and a closed connection's slot is free.
    mutating func detach(_ slot: Int) {
        slots[slot].isAttached = false
        slots[slot].generation &+= 1
        slots[slot].connection.events = []
        eventful.remove(slot)
        if slots[slot].connection.state == .closed { release(slot) }
    }

    private mutating func release(_ slot: Int) {
        slots[slot].connection = .closed(settings: settings)
        freeSlots.append(slot)
    }

    /// Puts a new connection into a free slot; nil when there is none.
    mutating func insert(_ connection: TCPConnection, now: Instant) -> Int? {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            slots[slot].connection = connection
        } else {
            guard slots.count < configuration.slotCount else { return nil }
            slot = slots.count
            slots.append(Slot(connection: connection))
        }
        slots[slot].openedAt = now
        table.insert(connection.endpoints.key, slot: slot)
        return slot
    }

    private mutating func absorbStatistics(of slot: Int) {
        statistics.absorb(&slots[slot].connection.statistics)
    }
}

extension TCPStatistics {
    /// Adds what a connection has counted since the last time.
    fileprivate mutating func absorb(_ other: inout TCPStatistics) {
        acceptedConnections &+= other.acceptedConnections
        retransmittedSegments &+= other.retransmittedSegments
        retransmissionTimeouts &+= other.retransmissionTimeouts
        fastRetransmits &+= other.fastRetransmits
        zeroWindowProbes &+= other.zeroWindowProbes
        keepAliveProbes &+= other.keepAliveProbes
        outOfOrderSegments &+= other.outOfOrderSegments
        duplicateSegments &+= other.duplicateSegments
        staleTimestamps &+= other.staleTimestamps
        challenges &+= other.challenges
        resetsReceived &+= other.resetsReceived
        other = TCPStatistics()
    }
}
