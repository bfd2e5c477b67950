import Fleet
import JSON
import NIOCore
import NIOPosix

/// One command on the control socket and its answer.
final class ControlConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private unowned let service: FleetService
    private var received: [UInt8] = []
    private var timeout: Scheduled<Void>?

    init(service: FleetService) { self.service = service }

    func channelActive(context: ChannelHandlerContext) {
        let channel = NIOLoopBound(context.channel, eventLoop: context.eventLoop)
        timeout = context.eventLoop.scheduleTask(in: FleetLimits.controlTimeout) { channel.value.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytesView
        guard received.count <= FleetLimits.controlByteCountMax else { return context.close(promise: nil) }
        guard let end = received.firstIndex(of: UInt8(ascii: "\n")) else { return }
        let answer = service.control(try? JSONValue(parsing: Array(received[..<end])))
        received.removeAll()
        // A long answer may take the socket several rounds.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer.serialized()))).assumeIsolated()
            .whenComplete { _ in context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { timeout?.cancel() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension FleetService {
    func controlBootstrap() -> ServerBootstrap {
        ServerBootstrap(group: loop).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ControlConnection(service: self))
            }
        }
    }

    /// Carries out a command; `{"error": text}` when it cannot.
    func control(_ command: JSONValue?) -> JSONValue {
        switch command.flatMap(ControlMessage.init) {
        case nil:
            return ["error": "this is not a command"]
        case .overview?:
            return overview()
        case .logs(let name)?:
            return withModel(name) { index in
                ["lines": .array(logs[index].latest.map { .string(JSONString($0)) })]
            }
        case .stop(let name)?:
            return withModel(name) { index in
                act { $0.stop(model: index, now: $1) }
                return [:]
            }
        }
    }

    private func withModel(_ name: String, _ body: (Int) -> JSONValue) -> JSONValue {
        let names = configuration.entries.map(\.name)
        if let index = names.firstIndex(of: name) { return body(index) }
        let hint = NearestName.of(name, among: names).map { ": did you mean \($0)?" } ?? ""
        return ["error": .string(JSONString("there is no model \(name) here\(hint)"))]
    }
}
