import Glibc
import HostSystem
import Net

/// A client's connection on the host and the stream in the guest that it is joined to. It holds what one side has sent
/// and the other has not taken yet, and reads from neither while there is some.
final class ForwardedConnection {
    let stream: VsockStreamID
    let socket: FileDescriptor
    /// From the client, for the guest.
    private(set) var input: [UInt8] = []
    /// From the guest, for the client.
    private(set) var output: [UInt8] = []
    /// The client will send nothing more, and the guest has been told.
    private(set) var hasClientFinished = false
    /// The guest will send nothing more, and the client has been told when `isWritingFinished`.
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

    init(_ socket: consuming FileDescriptor, stream: VsockStreamID) {
        self.socket = socket
        self.stream = stream
    }

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
            switch receive() {
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
            switch send() {
            case .some(let count) where count < output.count:
                output.removeFirst(count)
                return .moved
            case .some: output.removeAll()
            case .none: return .broken
            }
        }
        if hasGuestFinished || isGuestGone, !isWritingFinished {
            isWritingFinished = true
            shutdown(socket.number, Int32(SHUT_WR))
        }
        return .moved
    }

    /// Makes the client see a reset instead of an orderly end.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket.number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    private enum Received {
        case bytes([UInt8])
        case nothingYet, end, broken
    }

    private func receive() -> Received {
        var result = Received.nothingYet
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceBytesMax) { buffer, count in
            var length: Int
            repeat { length = recv(socket.number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)) }
            while length < 0 && errno == EINTR
            if length == 0 { result = .end } else if length < 0, errno != EAGAIN { result = .broken }
            count = max(length, 0)
        }
        return bytes.isEmpty ? result : .bytes(bytes)
    }

    /// Answers how many bytes of `output` were taken; nil when the client is gone.
    private func send() -> Int? {
        let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
        while true {
            let count = output.withUnsafeBytes { Glibc.send(socket.number, $0.baseAddress, $0.count, flags) }
            if count >= 0 { return count }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { return nil }
        }
    }
}
