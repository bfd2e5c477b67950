import Fleet
import HostErrors
import HostFiles
import HostSystem
import Machines
import MonotonicTime
import NIOCore
import NIOHTTP1
import NIOPosix

/// A fleet of machines behind one port: clients' connections, machines' processes and the control socket, on one event
/// loop, and so one thread, which owns the policy and carries out what it decides.
///
/// SAFETY (@unchecked Sendable): everything but `make` and `shutDown` runs on the event loop.
public final class FleetService: @unchecked Sendable {
    let loop: any EventLoop
    let configuration: FleetConfiguration
    /// Of 127.0.0.1, where clients come.
    let port: UInt16
    let router: FleetRouter
    private let note: @Sendable (String) -> Void
    private let weights: WeightHolder?

    var fleet: Fleet
    private let startMachine: MachineStarter
    var machines: [MachineID: any Machine] = [:]
    /// By model.
    var logs: [LogRing]
    /// Who reads a model's log as it is written.
    var followers: [ObjectIdentifier: (model: Int, connection: ControlConnection)] = [:]
    private var exchanges: [RequestID: Exchange] = [:]
    private var clients: [ObjectIdentifier: ClientConnection] = [:]
    private var bodyByteCount = 0
    private var nextRequestNumber: UInt64 = 1

    private var listeners: [any Channel] = []
    private var timer: Scheduled<Void>?
    private var isSettling = false
    /// Called once, when all that is to run always is ready.
    private var onReady: (() -> Void)?
    /// Fulfilled when nothing runs any more; there once the end was asked for.
    private var ended: EventLoopPromise<Void>?

    private init(
        _ configuration: FleetConfiguration, port: UInt16, loop: any EventLoop, startMachine: @escaping MachineStarter,
        note: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.port = port
        self.loop = loop
        self.startMachine = startMachine
        self.note = note
        weights =
            !configuration.locksWeights
            ? nil
            : WeightHolder(countMax: configuration.policy.residentMax) { note("warning: \($0)") }
        router = FleetRouter(
            names: configuration.entries.map(\.name), isBalancer: configuration.isBalancer,
            apiKey: configuration.apiKey)
        fleet = Fleet(models: configuration.entries.map(\.policy), policy: configuration.policy)
        logs = configuration.entries.map { _ in LogRing(lineCountMax: FleetLimits.logLineCountMax) }
    }

    /// Serves at `port` from here on. `note` gets lines for a person, on the event loop.
    public static func make(
        _ configuration: FleetConfiguration, at port: consuming ServerPort, note: @escaping @Sendable (String) -> Void
    ) throws(FleetStartError) -> FleetService {
        let program = configuration.program
        return try make(
            configuration, at: port,
            startMachine: { entry, loop, report throws(MachineStartError) in
                try MachineProcess(program: program, arguments: entry.machineArguments, on: loop, report: report)
            }, note: note)
    }

    /// `make` with machines of another kind.
    static func make(
        _ configuration: FleetConfiguration, at port: consuming ServerPort, startMachine: @escaping MachineStarter,
        note: @escaping @Sendable (String) -> Void
    ) throws(FleetStartError) -> FleetService {
        // Never shut down: the loop's thread is what the machines are bound to.
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        let service = FleetService(configuration, port: port.number, loop: loop, startMachine: startMachine, note: note)
        let controlPath = try failing(as: FleetStartError.controlSocket) { () throws(FileError) in
            try RuntimeFolder.prepareSocket(forPort: service.port)
        }
        do {
            let control = try service.controlBootstrap()
                .bind(unixDomainSocketPath: controlPath, cleanupExistingSocketFile: true).wait()
            RuntimeFolder.restrict(controlPath)
            let clients = try service.clientBootstrap().withBoundSocket(port.release()).wait()
            try loop.submit {
                service.listeners = [control, clients]
                // Models that run always start now.
                service.act { $0.advance(to: $1) }
            }.wait()
        } catch let error as IOError {
            throw .port(.forbidden(port: service.port, reason: errorText(error.errnoCode)))
        } catch {
            throw .port(.forbidden(port: service.port, reason: "\(error)"))
        }
        return service
    }

    /// Has `body` called, on the event loop, once all models that run always are ready.
    public func whenReady(_ body: @escaping @Sendable () -> Void) {
        loop.execute { [self] in
            onReady = body
            reportReadiness()
        }
    }

    /// Refuses what waits and what comes, answers what is under way, and ends all machines; fulfilled when that is
    /// done.
    public func shutDown() -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        loop.execute { [self] in
            ended = promise
            for listener in listeners { listener.close(promise: nil) }
            RuntimeFolder.removeSocket(forPort: port)
            act { $0.shutDown(now: $1) }
            for client in clients.values { client.closeIfIdle() }
        }
        return promise.futureResult
    }

    var isShuttingDown: Bool { ended != nil }

    private func clientBootstrap() -> ServerBootstrap {
        ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    var limits = NIOHTTPDecoderLimitConfiguration()
                    limits.maxHeaderFieldSize = FleetLimits.headerByteCountMax
                    limits.maxHeaderListSize = FleetLimits.headerByteCountMax
                    limits.maxHeaderFieldCount = FleetLimits.headerCountMax
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
                    try pipeline.addHandler(ClientConnection(service: self))
                }
            }
    }
}

// MARK: - The policy

extension FleetService {
    /// Reports an event to the policy and carries out its actions.
    func act(_ event: (inout Fleet, Instant) -> Void) {
        event(&fleet, HostClock.now)
        // What is done for an action may be the next event: its actions follow in the round that is under way.
        guard !isSettling else { return }
        isSettling = true
        while case let actions = fleet.takeActions(), !actions.isEmpty { actions.forEach(perform) }
        isSettling = false
        armTimer()
        reportReadiness()
        if fleet.isEmpty, exchanges.isEmpty { ended?.succeed() }
    }

    private func reportReadiness() {
        guard let onReady else { return }
        let isReady = configuration.entries.indices.allSatisfy { index in
            let policy = configuration.entries[index].policy
            let machines = fleet.status(ofModel: index).machines
            return !policy.runsAlways || machines.count(where: \.isReady) >= policy.replicaCount
        }
        guard isReady else { return }
        self.onReady = nil
        onReady()
    }

    private func armTimer() {
        timer?.cancel()
        let deadline = fleet.nextDeadline
        guard deadline < .distantFuture else { return }
        let wait = Int64(clamping: (deadline - HostClock.now).nanoseconds)
        timer = loop.assumeIsolated().scheduleTask(in: .nanoseconds(wait)) { self.act { $0.advance(to: $1) } }
    }

    private func perform(_ action: FleetAction) {
        switch action {
        case .start(let id, let model): start(id, model)
        case .stop(let id): machines[id]?.stop()
        case .kill(let id): machines[id]?.kill()
        case .forward(let id, let machine): forward(id, to: machine)
        case .refuse(let id, let refusal):
            guard let exchange = take(id) else { return }
            let name = configuration.entries[exchange.model].name
            exchange.client.answer(LocalAnswer(FleetError(refusal, model: name)))
        case .abort(let id):
            take(id)?.client.abort()
        }
    }

    private func start(_ id: MachineID, _ model: Int) {
        let entry = configuration.entries[model]
        do throws(MachineStartError) {
            machines[id] = try startMachine(entry, loop) { event in self.machine(id, of: model, event) }
            note("\(entry.name): machine \(id.number) starts")
        } catch {
            act { $0.machineEnded(id, reason: error.description, now: $1) }
        }
    }

    private func machine(_ id: MachineID, of model: Int, _ event: MachineEvent) {
        let name = configuration.entries[model].name
        switch event {
        case .line(let line):
            log(line, of: model)
        case .ready:
            note("\(name): machine \(id.number) is ready")
            lockWeightsLater(of: model, servedBy: id)
            act { $0.machineReady(id, now: $1) }
        case .ended(let reason):
            machines[id] = nil
            // One that never served may not be a model at all.
            let state = fleet.status(ofModel: model).machines.first { $0.id == id }?.state
            if let state, state != .starting { weights?.hold(configuration.entries[model].path) }
            note("\(name): machine \(id.number) ended: \(reason)")
            act { $0.machineEnded(id, reason: reason, now: $1) }
        }
    }

    private func lockWeightsLater(of model: Int, servedBy id: MachineID) {
        guard let weights else { return }
        let path = configuration.entries[model].path
        loop.assumeIsolated().scheduleTask(in: FleetLimits.lockDelay) {
            // One that has ended meanwhile has had them locked then; others may have run since.
            if self.machines[id] != nil { weights.hold(path) }
        }
    }
}

// MARK: - Requests

extension FleetService {
    /// False when there are too many.
    func clientConnected(_ client: ClientConnection) -> Bool {
        guard clients.count < FleetLimits.connectionCountMax, !isShuttingDown else { return false }
        clients[ObjectIdentifier(client)] = client
        return true
    }

    func clientDisconnected(_ client: ClientConnection) { clients[ObjectIdentifier(client)] = nil }

    /// Accounts for bytes of a body; false when all bodies together are too large.
    func reserve(bodyByteCount count: Int) -> Bool {
        guard bodyByteCount + count <= FleetLimits.bodyByteCountTotalMax else { return false }
        bodyByteCount += count
        return true
    }

    func release(bodyByteCount count: Int) { bodyByteCount -= count }

    /// A whole request.
    func received(_ head: HTTPRequestHead, _ body: ByteBuffer, from client: ClientConnection) {
        let decision = router.decide(
            .init(
                method: head.method.rawValue, target: head.uri,
                authorization: head.headers.first(name: "authorization"), body: Array(body.readableBytesView)))
        switch decision {
        case .health: client.answer(healthAnswer())
        case .metrics: answerMetrics(head, to: client)
        case .listModels: client.answer(LocalAnswer(catalogue()))
        case .showModel(let index): client.answer(LocalAnswer(modelCard(index)))
        case .refuse(let error): client.answer(LocalAnswer(error))
        case .forward(let model, let isRepeatable):
            let id = RequestID(nextRequestNumber)
            nextRequestNumber += 1
            let exchange = Exchange(id: id, model: model, head: head, body: body, client: client)
            exchanges[id] = exchange
            client.attach(exchange)
            act { $0.requestArrived(id, model: model, isRepeatable: isRepeatable, now: $1) }
        }
    }

    private func forward(_ id: RequestID, to machine: MachineID) {
        guard let exchange = exchanges[id], let port = machines[machine]?.port else { return }
        exchange.upstream?.cancel()
        let upstream = UpstreamConnection(service: self, exchange: exchange)
        exchange.upstream = upstream
        upstream.connect(port: port, on: loop)
    }

    func answerBegan(_ exchange: Exchange, _ head: HTTPResponseHead) {
        fleet.responseBegan(exchange.id)
        exchange.body.clear()
        exchange.client.beginAnswer(head)
    }

    func answerEnded(_ exchange: Exchange, _ trailers: HTTPHeaders?) {
        exchanges[exchange.id] = nil
        exchange.client.endAnswer(trailers)
        act { $0.requestFinished(exchange.id, now: $1) }
    }

    func answerLost(_ exchange: Exchange) {
        act { $0.requestLost(exchange.id, now: $1) }
    }

    func clientGone(_ exchange: Exchange) {
        _ = take(exchange.id)
        act { $0.requestFinished(exchange.id, now: $1) }
    }

    /// Lets go of a request, and of its machine's attention.
    private func take(_ id: RequestID) -> Exchange? {
        guard let exchange = exchanges.removeValue(forKey: id) else { return nil }
        exchange.upstream?.cancel()
        return exchange
    }
}
