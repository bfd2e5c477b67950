import Fleet
import JSON
import NIOCore
import NIOPosix

/// One command on the control socket and its answer, which for a follower goes on.
final class ControlConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let service: FleetService
    private var received: [UInt8] = []
    private var timeout: Scheduled<Void>?
    /// There for a follower.
    private var context: ChannelHandlerContext?
    private var missedLineCount = 0

    init(service: FleetService) { self.service = service }

    func channelActive(context: ChannelHandlerContext) {
        let channel = NIOLoopBound(context.channel, eventLoop: context.eventLoop)
        timeout = context.eventLoop.scheduleTask(in: FleetLimits.controlTimeout) { channel.value.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytesView
        guard received.count <= FleetLimits.controlByteCountMax else { return context.close(promise: nil) }
        guard let end = received.firstIndex(of: UInt8(ascii: "\n")) else { return }
        let command = (try? JSONValue(parsing: Array(received[..<end]))).flatMap(ControlMessage.init)
        received.removeAll()
        let answer = service.control(command)
        let written = send(answer, context)
        if case .logs(let name, follows: true)? = command, service.addFollower(self, ofModel: name) {
            timeout?.cancel()
            self.context = context
        } else {
            // A long answer may take the socket several rounds.
            written.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        }
    }

    /// A line for a follower, or a note that there was one if it reads too slowly.
    func follow(_ line: String) {
        guard let context else { return }
        guard context.channel.isWritable else {
            missedLineCount += 1
            return
        }
        if missedLineCount > 0 { _ = send(["missed": .number(.integer(Int64(missedLineCount)))], context) }
        missedLineCount = 0
        _ = send(["lines": [.string(JSONString(line))]], context)
    }

    private func send(_ answer: JSONValue, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        let bytes = answer.serialized() + [UInt8(ascii: "\n")]
        return context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        timeout?.cancel()
        self.context = nil
        service.removeFollower(self)
    }

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
    func control(_ command: ControlMessage?) -> JSONValue {
        switch command {
        case nil:
            return ["error": "this is not a command"]
        case .overview?:
            return overview()
        case .logs(let name, _)?:
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

    /// False when there is no such model.
    func addFollower(_ connection: ControlConnection, ofModel name: String) -> Bool {
        guard let index = configuration.entries.firstIndex(where: { $0.name == name }) else { return false }
        followers[ObjectIdentifier(connection)] = (index, connection)
        return true
    }

    func removeFollower(_ connection: ControlConnection) { followers[ObjectIdentifier(connection)] = nil }

    /// Keeps a line of a machine's console, and passes it on.
    func log(_ line: String, of index: Int) {
        logs[index].append(line)
        for follower in followers.values where follower.model == index { follower.connection.follow(line) }
    }

    private func withModel(_ name: String, _ body: (Int) -> JSONValue) -> JSONValue {
        let names = configuration.entries.map(\.name)
        if let index = names.firstIndex(of: name) { return body(index) }
        let hint = NearestName.of(name, among: names).map { ": did you mean \($0)?" } ?? ""
        return ["error": .string(JSONString("there is no model \(name) here\(hint)"))]
    }
}
