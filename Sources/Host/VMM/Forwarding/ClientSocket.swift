import Glibc
import HostSystem

/// A client's end of a connection on the host, which has one owner after another.
final class ClientSocket {
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    var number: Int32 { descriptor.number }

    enum Received {
        case bytes([UInt8])
        case nothingYet, end, broken
    }

    /// Takes what has arrived, `maximum` bytes at most.
    func receive(maximum: Int) -> Received {
        var result = Received.nothingYet
        let bytes = [UInt8](unsafeUninitializedCapacity: maximum) { buffer, count in
            var length: Int
            repeat {
                length = recv(number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            } while length < 0 && errno == EINTR
            if length == 0 { result = .end }
            if length < 0, errno != EAGAIN { result = .broken }
            count = max(length, 0)
        }
        return bytes.isEmpty ? result : .bytes(bytes)
    }

    /// Answers how many of `bytes` were taken; nil when the client is gone.
    func send(_ bytes: [UInt8]) -> Int? {
        let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
        while true {
            let count = bytes.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, flags) }
            if count >= 0 { return count }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { return nil }
        }
    }

    /// Nothing more will be sent.
    func finishWriting() { shutdown(number, Int32(SHUT_WR)) }

    /// Makes the client see a reset instead of an orderly end.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }
}
