import Glibc
import Machines
import NIOCore
import NIOPosix

/// Reads a child's output line by line, on the event loop.
final class LineReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var splitter = ConsoleLineSplitter()
    private let onLine: (String) -> Void
    private let onEnd: () -> Void

    private init(onLine: @escaping (String) -> Void, onEnd: @escaping () -> Void) {
        self.onLine = onLine
        self.onEnd = onEnd
    }

    /// Takes over `descriptor`, a pipe's reading end. `onEnd` comes once, last.
    static func read(
        _ descriptor: Int32, on loop: any EventLoop, onLine: @escaping (String) -> Void, onEnd: @escaping () -> Void
    ) {
        let reader = NIOLoopBound(LineReader(onLine: onLine, onEnd: onEnd), eventLoop: loop)
        NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(reader.value) }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .whenFailure { _ in
                // NIO leaves the descriptor to us then.
                close(descriptor)
                reader.value.onEnd()
            }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        for line in splitter.receive(Array(buffer.readableBytesView)) { onLine(line.text) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let line = splitter.finish() { onLine(line.text) }
        onEnd()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
