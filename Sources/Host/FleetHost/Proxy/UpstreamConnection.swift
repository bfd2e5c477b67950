import NIOCore
import NIOHTTP1
import NIOPosix

/// The connection that carries one request to a machine. It reads only while the client takes what was read, so that a
/// slow client slows the machine down and nothing piles up between them.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let service: FleetService
    /// Nil once the answer is complete, or of no interest any more.
    private var exchange: Exchange?
    private var context: ChannelHandlerContext?

    init(service: FleetService, exchange: Exchange) {
        self.service = service
        self.exchange = exchange
    }

    func connect(port: UInt16, on loop: any EventLoop) {
        let handler = NIOLoopBound(self, eventLoop: loop)
        let address: SocketAddress
        do { address = try SocketAddress(ipAddress: "127.0.0.1", port: Int(port)) } catch { return lose() }
        ClientBootstrap(group: loop)
            .connectTimeout(FleetLimits.connectTimeout)
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(handler.value)
                }
            }
            .connect(to: address)
            .whenFailure { _ in handler.value.lose() }
    }

    /// The client takes more.
    func resume() { context?.read() }

    /// The answer is not wanted any more: the machine learns of it by the close.
    func cancel() {
        exchange = nil
        context?.close(promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        guard let exchange else { return context.close(promise: nil) }
        self.context = context
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if exchange.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(exchange.body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            service.answerBegan(exchange, head)
        case .body(let bytes):
            exchange.client.continueAnswer(bytes)
        case .end(let trailers):
            self.exchange = nil
            service.answerEnded(exchange, trailers)
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard let exchange else { return }
        exchange.client.flush()
        if exchange.client.isWritable { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        lose()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func lose() {
        guard let exchange else { return }
        self.exchange = nil
        service.answerLost(exchange)
    }
}
