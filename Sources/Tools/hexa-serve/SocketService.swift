import Engine
import HostErrors
import HostSystem
import MonotonicTime
import NIOCore
import NIOPosix
import Reporting
import Serving
import Tensor
import Transformer

/// The unikernel's server over Linux's sockets: one event loop, and so one thread, owns it. In each of its rounds the
/// loop looks at the sockets and has the model do one slice of work, which is how the unikernel treats its network
/// device.
///
/// SAFETY (@unchecked Sendable): everything but `make`, `start` and `drain` runs on the event loop.
final class SocketService: @unchecked Sendable {
    private let loop: any EventLoop
    private var server: Server<Transformer>
    private let crew: LaneCrew
    private var listener: (any Channel)?
    private var pulse: Pulse?

    private var links: [UInt64: SocketLink] = [:]
    /// Links with received bytes that the server had no room for.
    private var stalledLinks: [SocketLink] = []
    private var nextNumber: UInt64 = 1

    /// When the server wants to be called although nothing happens, and the timer that does it.
    private var deadline = Instant.distantFuture
    private var timer: Scheduled<Void>?
    /// Fulfilled when all requests have been answered after `drain`.
    private var drained: EventLoopPromise<Void>?

    private static let backlog: Int32 = 128

    private init(loop: any EventLoop, server: consuming Server<Transformer>, crew: LaneCrew) {
        self.loop = loop
        self.server = server
        self.crew = crew
    }

    /// Listens at `host` and `port`; clients are told to come back until there is a model.
    static func make(
        on group: any EventLoopGroup, host: String, port: UInt16, server: consuming Server<Transformer>, crew: LaneCrew
    ) throws -> SocketService {
        let service = SocketService(loop: group.any(), server: server, crew: crew)
        let pulse = try Pulse.make(on: service.loop) { service.turn() }
        let bootstrap = ServerBootstrap(group: service.loop)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SocketLink(service: service))
                }
            }
        do {
            let listener = try bootstrap.bind(host: host, port: Int(port)).wait()
            try service.loop.submit { (service.pulse, service.listener) = (pulse, listener) }.wait()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw PortError.taken(host: host, port: port)
        } catch let error as IOError {
            throw PortError.forbidden(host: host, port: port, reason: errorText(error.errnoCode))
        } catch {
            throw UnusableValue(flag: "--host \(host)", reason: "is not an address of this machine")
        }
        return service
    }

    /// Hands the loaded model to the server.
    func start(_ model: LoadedModel<Transformer>) {
        let loaded = Handover(model: model)
        loop.execute { self.server.start(loaded.model) }
    }

    /// Accepts no more connections, answers the requests under way and refuses others; fulfilled when that is done.
    func drain() -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        loop.execute { [self] in
            drained = promise
            listener?.close(promise: nil)
            let now = HostClock.now
            server.beginDrain(now: now)
            settle(now: now)
        }
        return promise.futureResult
    }
}

/// A model on its way from the thread that loaded it to the event loop.
///
/// SAFETY (@unchecked Sendable): whoever made it does not use it any more.
private struct Handover: @unchecked Sendable {
    let model: LoadedModel<Transformer>
}

// MARK: - The loop's round

extension SocketService {
    /// Has the server do one slice of work and carries out what comes of it; true while there is more.
    private func turn() -> Bool {
        let now = HostClock.now
        if server.nextDeadline <= now { server.advance(to: now) }
        server.report(PlatformStatistics(laneStalls: crew.stallCount, laneWakes: crew.wakeCount))
        retryStalledLinks(now: now)
        let hasMore = server.step(now: now)
        settle(now: now)
        if !hasMore { armTimer(now: now) }
        return hasMore
    }

    private func armTimer(now: Instant) {
        let next = server.nextDeadline
        guard next < deadline else { return }
        timer?.cancel()
        deadline = next
        timer = loop.scheduleTask(in: .nanoseconds(Int64(clamping: (next - now).nanoseconds))) { [self] in
            deadline = .distantFuture
            pulse?.request()
        }
    }

    /// Carries out the server's actions, and looks whether a drain is complete.
    private func settle(now: Instant) {
        while let action = server.nextAction() { perform(action) }
        while let line = server.takeProgramLogLine() { Terminal.note(String(decoding: line, as: UTF8.self)) }
        if let drained, server.isDrained, links.values.allSatisfy({ $0.unsentByteCount == 0 }) { drained.succeed() }
    }

    private func perform(_ action: ServerAction) {
        switch action {
        case .send(let id, let bytes):
            links[id.number]?.send(bytes)
            server.recycle(bytes)
        case .finishSending(let id):
            end(id, .finishSending)
        case .close(let id):
            links[id.number]?.isForgotten = true
            end(id, .close)
        case .abort(let id):
            links[id.number]?.isForgotten = true
            links[id.number]?.abort()
        }
    }

    private func end(_ id: ConnectionID, _ ending: SocketLink.Ending) {
        guard let link = links[id.number] else { return }
        link.ending = ending
        link.endIfSent()
    }
}

// MARK: - What the links report

extension SocketService {
    func opened(_ link: SocketLink) {
        link.number = nextNumber
        nextNumber += 1
        links[link.number] = link
        let now = HostClock.now
        server.connectionOpened(link.id, now: now)
        settle(now: now)
        pulse?.request()
    }

    func received(_ link: SocketLink) {
        let now = HostClock.now
        read(link, now: now)
        settle(now: now)
        pulse?.request()
    }

    /// The socket has taken bytes that were handed to it.
    func sent(_ link: SocketLink, byteCount: Int) {
        if !link.isForgotten { server.outputDrained(link.id, byteCount: byteCount, now: HostClock.now) }
        link.endIfSent()
        pulse?.request()
    }

    func lost(_ link: SocketLink) {
        links[link.number] = nil
        if !link.isForgotten { server.connectionLost(link.id) }
        pulse?.request()
    }

    /// Hands over what the server has room for. The rest waits, and nothing more is read meanwhile: TCP slows the
    /// client down.
    private func read(_ link: SocketLink, now: Instant) {
        // What still arrives on a closed connection is read and dropped, so that the peer's FIN comes through.
        if link.isForgotten { link.unread.clear() }
        while link.unread.readableBytes > 0 {
            let count = min(server.receiveCapacity(of: link.id), link.unread.readableBytes)
            guard count > 0, let bytes = link.unread.readSlice(length: count) else { break }
            server.received(link.id, bytes: bytes.readableBytesUInt8Span, now: now)
        }
        if link.unread.readableBytes > 0 {
            if !link.isStalled { stalledLinks.append(link) }
            link.isStalled = true
        } else if !link.hasPeerClosed {
            link.context?.read()
        } else if !link.isForgotten, !link.isPeerCloseReported {
            link.isPeerCloseReported = true
            server.peerClosed(link.id, now: now)
        }
    }

    private func retryStalledLinks(now: Instant) {
        guard !stalledLinks.isEmpty else { return }
        let links = stalledLinks
        stalledLinks.removeAll(keepingCapacity: true)
        for link in links {
            link.isStalled = false
            if link.context != nil { read(link, now: now) }
        }
    }
}
