import CLinux
import Glibc
import HostErrors
import HostSystem
import NIOCore
import NIOPosix

/// Calls back once in each round of an event loop, between two looks at the sockets, while there is work.
///
/// A task that posts itself again would not do: an event loop runs all tasks there are, those posted meanwhile
/// included, before it looks at its sockets. So the work hangs on a socket-like thing itself: a descriptor that can
/// always be read. Asking to read it means being called in the next round.
///
/// SAFETY (@unchecked Sendable): used on its event loop alone, once it is made.
final class Pulse: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private static let byteCount = 8

    /// Does a slice of work; true while there is more.
    private let work: () -> Bool
    private var context: ChannelHandlerContext?

    private init(work: @escaping () -> Bool) { self.work = work }

    static func make(on loop: any EventLoop, work: @escaping @Sendable () -> Bool) throws(StartFailure) -> Pulse {
        let descriptor = linux_always_readable()
        guard descriptor >= 0 else { throw StartFailure(path: "the event loop", reason: errorText(errno)) }
        let pulse = Pulse(work: work)
        do {
            _ = try NIOPipeBootstrap(group: loop)
                .channelOption(.autoRead, value: false)
                .channelOption(.maxMessagesPerRead, value: 1)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: byteCount))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(pulse) }
                }
                .takingOwnershipOfDescriptor(input: descriptor)
                .wait()
        } catch {
            throw StartFailure(path: "the event loop", reason: "\(error)")
        }
        return pulse
    }

    /// Has the work done in the loop's next round.
    func request() { context?.read() }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelReadComplete(context: ChannelHandlerContext) {
        if work() { context.read() }
    }
}
