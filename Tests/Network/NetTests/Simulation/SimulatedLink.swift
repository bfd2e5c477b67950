import MonotonicTime
import TestSupport
@testable import Net

/// How a link mistreats frames.
struct Impairments {
    var loss = 0.0
    var duplication = 0.0
    /// Share of frames that are held back for up to four times the delay, so that later ones overtake them.
    var reordering = 0.0
    /// Share of frames in which one bit is flipped.
    var corruption = 0.0
    /// One way.
    var delay: Interval = .milliseconds(5)

    static let perfect = Impairments()
    static let lossy = Impairments(loss: 0.05, duplication: 0.05, reordering: 0.1)
}

/// A switch in virtual time that connects hosts by links with seeded misfortune.
final class SimulatedLink {
    private struct Flight {
        var arrival: Instant
        var order: Int
        var destination: Int
        var frame: [UInt8]

        func precedes(_ other: Flight) -> Bool {
            (arrival.nanoseconds, order) < (other.arrival.nanoseconds, other.order)
        }
    }

    let hosts: [Host]
    var impairments: Impairments
    private(set) var now: Instant
    private var generator: SplitMix64
    /// A binary heap by arrival.
    private var flights: [Flight] = []
    private var flightCount = 0

    init(_ hosts: [Host], impairments: Impairments, seed: UInt64, now: Instant = .origin) {
        self.hosts = hosts
        self.impairments = impairments
        self.now = now
        generator = SplitMix64(seed: seed)
    }

    /// Lets time pass until `isDone`, which also acts for the users of the hosts, says so. False when `limit` of
    /// virtual time was not enough, or when nothing will ever happen again.
    func run(limit: Interval, until isDone: (Instant) -> Bool) -> Bool {
        let end = now + limit
        while true {
            if isDone(now) { return true }
            collect()
            var next = flights.first?.arrival ?? .distantFuture
            for host in hosts { next = min(next, host.nextDeadline) }
            guard next <= end else { return false }
            now = max(now, next)
            while let flight = flights.first, flight.arrival <= now {
                removeFirst()
                hosts[flight.destination].receive(flight.frame, now: now)
            }
            for host in hosts where host.nextDeadline <= now { host.stack.advance(to: now) }
        }
    }

    /// Lets `interval` pass.
    func run(for interval: Interval) {
        let end = now + interval
        _ = run(limit: interval) { _ in false }
        now = end
    }

    private func collect() {
        for host in hosts {
            while let frame = host.nextFrame(now: now) { send(frame, from: host) }
        }
    }

    private func send(_ frame: [UInt8], from sender: Host) {
        let destination = frame.span.bytes.ethernetAddress(at: 0)
        for (index, host) in hosts.enumerated() where host !== sender {
            guard destination == host.hardware || destination.isGroup else { continue }
            if generator.chance(impairments.loss) { continue }
            schedule(frame, to: index)
            if generator.chance(impairments.duplication) { schedule(frame, to: index) }
        }
    }

    private func schedule(_ frame: [UInt8], to destination: Int) {
        var delay = impairments.delay
        if generator.chance(impairments.reordering) {
            delay = delay + .nanoseconds(generator.next() % (delay.nanoseconds * 4 + 1))
        }
        var frame = frame
        if generator.chance(impairments.corruption) {
            frame[Int(generator.next() % UInt64(frame.count))] ^= 1 << UInt8(generator.next() % 8)
        }
        flightCount += 1
        insert(Flight(arrival: now + delay, order: flightCount, destination: destination, frame: frame))
    }

    private func insert(_ flight: Flight) {
        flights.append(flight)
        var child = flights.count - 1
        while child > 0, flights[child].precedes(flights[(child - 1) / 2]) {
            flights.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func removeFirst() {
        flights.swapAt(0, flights.count - 1)
        flights.removeLast()
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < flights.count else { return }
            if child + 1 < flights.count, flights[child + 1].precedes(flights[child]) { child += 1 }
            guard flights[child].precedes(flights[parent]) else { return }
            flights.swapAt(child, parent)
            parent = child
        }
    }
}
