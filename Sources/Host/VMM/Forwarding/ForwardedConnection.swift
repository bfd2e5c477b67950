import Net

/// A client's connection on the host and the stream in the guest that it is joined to. It holds what one side has sent
/// and the other has not taken yet, and reads from neither while there is some.
final class ForwardedConnection {
    let stream: VsockStreamID
    let socket: ClientSocket
    /// From the client, for the guest.
    private(set) var input: [UInt8] = []
    /// From the guest, for the client.
    private(set) var output: [UInt8] = []
    /// The client will send nothing more, and the guest has been notified.
    private(set) var hasClientFinished = false
    /// The guest will send nothing more, and the client has been notified when `isWritingFinished`.
    var hasGuestFinished = false
    private var isWritingFinished = false
    /// The stream is gone: what is left of `output` goes out, and what still comes in is dropped.
    var isGuestGone = false

    /// What became of an attempt to move bytes.
    enum Outcome {
        case moved
        /// The client is gone.
        case broken
    }

    private static let pieceBytesMax = 64 << 10

    /// - Parameter input: what the client has sent already.
    init(_ socket: ClientSocket, stream: VsockStreamID, input: [UInt8] = []) {
        self.socket = socket
        self.stream = stream
        self.input = input
    }

    /// Has these bytes sent before any of the guest's. Not after the guest's first.
    func greet(_ bytes: [UInt8]) { output = bytes }

    /// What the socket is to be waited for.
    var interest: EventLoop.Interest {
        var interest: EventLoop.Interest = []
        if !hasClientFinished, input.isEmpty { interest.insert(.reading) }
        if !output.isEmpty { interest.insert(.writing) }
        return interest
    }

    /// Everything has been said and delivered both ways.
    var isComplete: Bool { hasClientFinished && isWritingFinished && input.isEmpty }

    /// Moves what the client has sent into the guest, as much as that takes.
    func moveToGuest(_ stack: inout VsockStack) -> Outcome {
        while true {
            if !input.isEmpty {
                let count = isGuestGone ? input.count : stack.write(stream, input.span.bytes)
                input.removeFirst(count)
                guard input.isEmpty else { return .moved }
            }
            guard !hasClientFinished else { return .moved }
            switch socket.receive(maximum: Self.pieceBytesMax) {
            case .bytes(let bytes): input = bytes
            case .nothingYet: return .moved
            case .end:
                hasClientFinished = true
                stack.finishWriting(stream)
                return .moved
            case .broken: return .broken
            }
        }
    }

    /// Moves what the guest has sent to the client, as much as that takes.
    func moveToClient(_ stack: inout VsockStack) -> Outcome {
        while true {
            if output.isEmpty { output = stack.read(stream, maximum: Self.pieceBytesMax) }
            if output.isEmpty { break }
            switch socket.send(output) {
            case .some(let count) where count < output.count:
                output.removeFirst(count)
                return .moved
            case .some: output.removeAll()
            case .none: return .broken
            }
        }
        if hasGuestFinished || isGuestGone, !isWritingFinished {
            isWritingFinished = true
            socket.finishWriting()
        }
        return .moved
    }
}
