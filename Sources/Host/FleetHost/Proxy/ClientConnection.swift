import Fleet
import NIOCore
import NIOHTTP1

/// A client's connection: takes one whole request at a time, and writes its answer.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case idle
        case receiving(HTTPRequestHead)
        /// The request is whole; `exchange` is there while a machine has it, or is to have it.
        case answering(HTTPRequestHead, exchange: Exchange?)
        /// Nothing more is taken; what still arrives is dropped.
        case closing
    }

    private let service: FleetService
    private var context: ChannelHandlerContext?
    private var phase = Phase.idle
    /// What has arrived of the request's body.
    private var body = ByteBuffer()
    private var timeout: Scheduled<Void>?
    /// Of the body, as accounted for at the service.
    private var reservedByteCount = 0

    init(service: FleetService) { self.service = service }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    // MARK: From the client

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        guard service.clientConnected(self) else {
            phase = .closing
            return context.close(promise: nil)
        }
        awaitRequest(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), phase) {
        case (.head(let head), .idle):
            phase = .receiving(head)
            if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                let interim = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
            }
        case (.body(let bytes), .receiving(let head)):
            receive(bytes, of: head)
        case (.end, .receiving(let head)):
            timeout?.cancel()
            phase = .answering(head, exchange: nil)
            let whole = body
            body = ByteBuffer()
            service.received(head, whole, from: self)
        default:
            break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, case .answering(_, let exchange?) = phase else { return }
        exchange.upstream?.resume()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        timeout?.cancel()
        releaseBody()
        if case .answering(_, let exchange?) = phase { service.clientGone(exchange) }
        phase = .closing
        service.clientDisconnected(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func receive(_ part: ByteBuffer, of head: HTTPRequestHead) {
        var bytes = part
        let count = bytes.readableBytes
        guard body.readableBytes + count <= FleetLimits.bodyByteCountMax else {
            return refuseRest(of: head, .bodyTooLarge(byteCountMax: FleetLimits.bodyByteCountMax))
        }
        guard service.reserve(bodyByteCount: count) else { return refuseRest(of: head, .overloaded) }
        reservedByteCount += count
        body.writeBuffer(&bytes)
    }

    private func refuseRest(of head: HTTPRequestHead, _ error: FleetError) {
        releaseBody()
        body = ByteBuffer()
        _ = write(LocalAnswer(error), for: head, keepsConnection: false)
        phase = .closing
        close(after: FleetLimits.lingerTime)
    }

    // MARK: Towards the client

    /// A machine is to answer.
    func attach(_ exchange: Exchange) {
        if case .answering(let head, _) = phase { phase = .answering(head, exchange: exchange) }
    }

    func answer(_ local: LocalAnswer) {
        guard case .answering(let head, _) = phase else { return }
        finish(head, written: write(local, for: head, keepsConnection: head.isKeepAlive))
    }

    func beginAnswer(_ machineHead: HTTPResponseHead) {
        guard case .answering(let head, _) = phase, let context else { return }
        var answer = machineHead
        answer.version = .http1_1
        answer.headers.removeHopByHopFields()
        if !head.isKeepAlive { answer.headers.add(name: "Connection", value: "close") }
        releaseBody()
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
    }

    func continueAnswer(_ bytes: ByteBuffer) {
        context?.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
    }

    func flush() { context?.flush() }

    func endAnswer(_ trailers: HTTPHeaders?) {
        guard case .answering(let head, _) = phase, let context else { return }
        finish(head, written: context.writeAndFlush(wrapOutboundOut(.end(trailers))))
    }

    /// Signals to the client, in the only way left, that its answer will not be complete.
    func abort() {
        phase = .closing
        context?.close(promise: nil)
    }

    /// Closes if nothing is under way.
    func closeIfIdle() {
        if case .idle = phase { abort() }
    }

    /// The next request, or the connection's end once `written` says that the client has the answer.
    private func finish(_ head: HTTPRequestHead, written: EventLoopFuture<Void>?) {
        releaseBody()
        guard let context else { return }
        if head.isKeepAlive && !service.isShuttingDown {
            phase = .idle
            awaitRequest(context)
        } else {
            phase = .closing
            written?.assumeIsolated().whenComplete { _ in self.context?.close(promise: nil) }
        }
    }

    private func write(
        _ local: LocalAnswer, for head: HTTPRequestHead, keepsConnection: Bool
    ) -> EventLoopFuture<Void>? {
        guard let context else { return nil }
        var answer = HTTPResponseHead(version: .http1_1, status: .init(statusCode: local.status))
        answer.headers.add(name: "Content-Type", value: local.contentType)
        answer.headers.add(name: "Content-Length", value: "\(local.body.count)")
        if let seconds = local.retryAfterSeconds { answer.headers.add(name: "Retry-After", value: "\(seconds)") }
        if !keepsConnection { answer.headers.add(name: "Connection", value: "close") }
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: local.body)))), promise: nil)
        }
        return context.writeAndFlush(wrapOutboundOut(.end(nil)))
    }

    private func awaitRequest(_ context: ChannelHandlerContext) {
        timeout?.cancel()
        close(after: FleetLimits.requestTimeout)
    }

    private func close(after time: TimeAmount) {
        guard let context else { return }
        timeout?.cancel()
        timeout = context.eventLoop.assumeIsolated().scheduleTask(in: time) { self.abort() }
    }

    private func releaseBody() {
        service.release(bodyByteCount: reservedByteCount)
        reservedByteCount = 0
    }
}
