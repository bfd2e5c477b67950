import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks one machine for its metrics.
final class MetricsRequest: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let authorization: String?
    private let promise: EventLoopPromise<[UInt8]?>
    private var status: HTTPResponseStatus?
    private var page: [UInt8] = []

    private init(authorization: String?, promise: EventLoopPromise<[UInt8]?>) {
        self.authorization = authorization
        self.promise = promise
    }

    /// The machine's page; nil when it does not tell, or not in time.
    ///
    /// - Parameter authorization: of the request for metrics: a machine may have its own rules about them.
    static func send(
        toPort port: UInt16, authorization: String?, on loop: any EventLoop
    ) -> EventLoopFuture<[UInt8]?> {
        let promise = loop.makePromise(of: [UInt8]?.self)
        let handler = NIOLoopBound(MetricsRequest(authorization: authorization, promise: promise), eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(FleetLimits.metricsTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(handler.value)
                }
            }
            .connect(host: "127.0.0.1", port: Int(port))
            .whenComplete { result in
                guard case .success(let channel) = result else { return promise.succeed(nil) }
                let timeout = loop.scheduleTask(in: FleetLimits.metricsTimeout) { channel.close(promise: nil) }
                promise.futureResult.whenComplete { _ in timeout.cancel() }
            }
        return promise.futureResult
    }

    func channelActive(context: ChannelHandlerContext) {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/metrics")
        head.headers.add(name: "Host", value: "127.0.0.1")
        head.headers.add(name: "Connection", value: "close")
        if let authorization { head.headers.add(name: "Authorization", value: authorization) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = head.status
        case .body(let bytes):
            page += bytes.readableBytesView
            if page.count > FleetLimits.metricsByteCountMax { context.close(promise: nil) }
        case .end:
            promise.succeed(status == .ok ? page : nil)
            context.close(promise: nil)
        }
    }

    // Once the page is there this changes nothing.
    func channelInactive(context: ChannelHandlerContext) { promise.succeed(nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
