import Glibc
import NIOCore
import Serving

/// One connection as both sides know it: NIO's channel and the server's number.
final class SocketLink: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What follows once the socket has taken all output.
    enum Ending {
        case none, finishSending, close
    }

    private unowned let service: SocketService
    private(set) var context: ChannelHandlerContext?
    /// Chosen by the service when the connection is there.
    var number: UInt64 = 0
    /// What has arrived and the server had no room for.
    var unread = ByteBuffer()
    /// Bytes handed to the channel that the socket has not taken.
    var unsentByteCount = 0
    var ending = Ending.none
    /// The server has closed the connection and must not hear of it again.
    var isForgotten = false
    var hasPeerClosed = false
    var isPeerCloseReported = false
    /// Waits for room at the server.
    var isStalled = false

    var id: ConnectionID { ConnectionID(number) }

    init(service: SocketService) { self.service = service }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        service.opened(self)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var arrived = unwrapInboundIn(data)
        if unread.readableBytes == 0 { unread = arrived } else { unread.writeBuffer(&arrived) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { service.received(self) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        hasPeerClosed = true
        service.received(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        service.lost(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: Towards the peer

    func send(_ bytes: [UInt8]) {
        guard let context else { return }
        unsentByteCount += bytes.count
        let taken = context.eventLoop.makePromise(of: Void.self)
        // A write that fails is followed by `channelInactive`.
        taken.futureResult.assumeIsolated().whenSuccess { [self] in
            unsentByteCount -= bytes.count
            service.sent(self, byteCount: bytes.count)
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: taken)
    }

    /// Ends the connection as told, if everything has been sent.
    func endIfSent() {
        guard let context, unsentByteCount == 0 else { return }
        switch ending {
        case .none: break
        case .finishSending: context.close(mode: .output, promise: nil)
        case .close: context.close(promise: nil)
        }
        ending = .none
    }

    /// Closes with a reset instead of a FIN.
    func abort() {
        guard let context else { return }
        // Fails on a socket that is gone already, which is just as well.
        _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        context.close(promise: nil)
    }
}
