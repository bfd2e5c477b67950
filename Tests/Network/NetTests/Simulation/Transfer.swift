@testable import Net
import TestSupport

/// A long byte stream whose content at each offset is known: a random block of prime length, repeated.
struct TestStream {
    private let block: [UInt8]
    let byteCount: Int

    init(byteCount: Int, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        block = generator.bytes(65_521)
        self.byteCount = byteCount
    }

    /// At most `count` bytes that start at `offset`, up to the end of the block or the stream.
    func piece(at offset: Int, count: Int) -> ArraySlice<UInt8> {
        let start = offset % block.count
        return block[start..<min(start + count, block.count, start + byteCount - offset)]
    }

    /// Whether `bytes` are what stands at `offset`.
    func matches(_ bytes: [UInt8], at offset: Int) -> Bool {
        guard offset + bytes.count <= byteCount else { return false }
        var checked = 0
        while checked < bytes.count {
            let expected = piece(at: offset + checked, count: bytes.count - checked)
            guard bytes[checked..<checked + expected.count] == expected else { return false }
            checked += expected.count
        }
        return true
    }
}

/// One end of a connection that sends one stream and expects another.
final class Peer {
    let host: Host
    let socket: SocketID
    private let outgoing: TestStream
    private let incoming: TestStream
    private(set) var sentByteCount = 0
    private(set) var receivedByteCount = 0
    private(set) var isIntact = true
    private(set) var hasSeenEnd = false
    private(set) var closeReason: CloseReason?

    init(host: Host, socket: SocketID, sends outgoing: TestStream, expects incoming: TestStream) {
        self.host = host
        self.socket = socket
        self.outgoing = outgoing
        self.incoming = incoming
    }

    var hasReceivedAll: Bool { receivedByteCount == incoming.byteCount }

    /// Writes as much as goes, and finishes after the last byte.
    func writeMore() {
        while sentByteCount < outgoing.byteCount {
            let room = host.writableByteCount(socket)
            // One byte more than fits: the host remembers that a writer waits.
            let piece = outgoing.piece(at: sentByteCount, count: room + 1)
            let written = host.write(socket, Array(piece))
            sentByteCount += written
            if written < piece.count { return }
        }
        host.stack.finishWriting(socket)
    }

    func handle(_ event: SocketEvent) {
        switch event {
        case .readable:
            let bytes = host.read(socket)
            if !incoming.matches(bytes, at: receivedByteCount) { isIntact = false }
            receivedByteCount += bytes.count
        case .writable: writeMore()
        case .peerClosed: hasSeenEnd = true
        case .closed(_, let reason): closeReason = reason
        default: break
        }
    }
}
