import Engine
import HTTP
import Law
import MonotonicTime
import Transformer

/// The LLM server without its I/O: bytes of connections and time go in, bytes to send come out, and `step` does a slice
/// of the model's work.
///
/// The platform's loop:
/// 1. report what the network brought: `connectionOpened`, `received`, `peerClosed`, `connectionLost`, `outputDrained`;
/// 2. call `advance(to:)` when `nextDeadline` has come;
/// 3. call `step`, and go on at once while it returns true;
/// 4. do what `nextAction` says until it is nil.
///
/// The server accepts connections before there is a model: until `start` it answers 503 and says when to come back.
public struct Server<LM: LanguageModel & ~Copyable>: ~Copyable {
    private(set) var configuration: ServerConfiguration
    var law: Law
    /// Nil while the model is being loaded.
    var service: LoadedModel<LM>?
    var isDraining = false

    var connections: [Connection] = []
    /// The connections' completions in progress.
    var exchanges: [Exchange] = []
    var programs = ProgramHost()
    /// Connections whose answer goes on with every growth record.
    var growthFollowers = 0
    var actions = ActionQueue()
    var metrics = ServerMetrics()
    /// What request bodies may hold.
    var bodies: BodyBudget
    var random: RandomNumbers
    /// Kept for its buffers.
    var output = GenerationOutput()
    /// Buffers for the next bytes to send, with what was sent last still in them.
    var spareBuffers: [[UInt8]] = []

    public init(law: Law, configuration: ServerConfiguration = ServerConfiguration()) {
        self.law = law
        var configuration = configuration
        configuration.http.unaskedBodyBytesMax = 0
        self.configuration = configuration
        bodies = BodyBudget(limit: max(configuration.requestBodyBytesMax, configuration.http.bodyBytesMax))
        random = RandomNumbers(seed: configuration.randomSeed)
    }

    /// The law goes with the server, so the leases under way end without being given back.
    deinit {
        for exchange in exchanges { Self.abandon(exchange.lease.take()) }
        for exchange in programs.runs {
            Self.abandon(exchange.awaited?.lease.take())
            for stream in exchange.streams { Self.abandon(stream.lease.take()) }
        }
    }

    private static func abandon(_ lease: consuming QuotaLease?) {
        if let lease { lease.abandon() }
    }

    // MARK: Phases

    /// The model is there: requests are served from now on.
    public mutating func start(_ service: LoadedModel<LM>) {
        self.service = service
    }

    public var isReady: Bool { service != nil && !isDraining }

    /// Winds down: idle connections close, requests under way are finished, new ones get 503.
    public mutating func beginDrain(now: Instant) {
        isDraining = true
        for connection in connections {
            endFollowing(connection, now: now)
            connection.http.drain()
            flush(connection)
        }
    }

    /// Takes requests again.
    public mutating func endDrain() { isDraining = false }

    /// The machine was saved while it was drained, and goes on as one of several perhaps: the time, and what ids and
    /// seeds are made from, are new. The growth bus has a record of it.
    public mutating func resume(originUnixSeconds: UInt64, randomSeed: UInt64, now: Instant) {
        configuration.originUnixSeconds = originUnixSeconds
        random = RandomNumbers(seed: randomSeed)
        law.recordRestoration(unixSeconds: unixSeconds(at: now), now: now)
        endDrain()
    }

    /// Whether all requests have been answered and their answers sent.
    public var isDrained: Bool {
        isDraining && exchanges.isEmpty && programs.runs.isEmpty
            && connections.allSatisfy { $0.http.outputBacklog == 0 }
    }

    // MARK: Work

    /// Does one slice of the model's work or of a program's, and passes on what came of it; true while there is more.
    public mutating func step(now: Instant) -> Bool {
        let hasMore = work(now: now)
        passOnGrowth(now: now)
        return hasMore
    }

    /// One slice: the programs' when it is their turn, otherwise the model's, and theirs again where that has nothing
    /// to do.
    private mutating func work(now: Instant) -> Bool {
        programs.pace.advance(to: now)
        let isModelWanted = service.map { !$0.engine.isIdle } ?? false
        if isModelWanted, programs.pace.allowsSlice(now: now), stepPrograms(isModelBusy: true, now: now) { return true }
        return stepModel(now: now) || stepPrograms(isModelBusy: false, now: now)
    }

    private mutating func stepModel(now: Instant) -> Bool {
        guard let service else { return false }
        let result = service.engine.advance(now: now)
        while service.engine.takeOutput(&output) { deliver(now: now) }
        return result == .working
    }

    /// A line that a program wrote for the kernel's log, oldest first.
    public mutating func takeProgramLogLine() -> [UInt8]? { programs.takeLogLine() }

    /// What to do next; nil when everything is done.
    public mutating func nextAction() -> ServerAction? { actions.next() }

    /// Takes note of what the platform tells of itself, for `/metrics`.
    public mutating func report(_ platform: PlatformStatistics) { metrics.platform = platform }

    // MARK: Time

    /// When to call `advance(to:)`.
    public var nextDeadline: Instant {
        var deadline = nextProgramDeadline
        for connection in connections { deadline = min(deadline, connection.http.nextDeadline) }
        return deadline
    }

    /// Ends what has taken too long: idle connections, requests that trickle in, clients that do not read.
    public mutating func advance(to now: Instant) {
        for connection in connections where connection.http.nextDeadline <= now {
            let wasBehind = connection.http.outputBacklog > 0
            connection.http.advance(to: now)
            if connection.http.disposition == .abort, wasBehind { metrics.cutOffReaders += 1 }
            handleEvents(of: connection, now: now)
        }
    }

    func unixSeconds(at now: Instant) -> UInt64 {
        configuration.originUnixSeconds &+ now.nanoseconds / 1_000_000_000
    }

    // MARK: Law

    /// The law, for whoever may look at its records or revoke a subject.
    public mutating func withLaw<Result: ~Copyable>(_ body: (inout Law) -> Result) -> Result { body(&law) }
}

/// Actions in order, without moving the rest when one is taken.
struct ActionQueue {
    private var actions: [ServerAction?] = []
    private var head = 0

    mutating func append(_ action: ServerAction) { actions.append(action) }

    mutating func next() -> ServerAction? {
        guard head < actions.count else {
            actions.removeAll(keepingCapacity: true)
            head = 0
            return nil
        }
        head += 1
        // Taken out, so that whoever does it is the only owner of its bytes.
        return actions[head - 1].take()
    }
}
