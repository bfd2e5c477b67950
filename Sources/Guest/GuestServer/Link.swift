import Net
import Serving

/// One connection as both sides know it: the transport's stream and the server's number.
final class Link {
    /// What follows once all output is in the send buffer.
    enum Ending {
        case none, finishSending, close
    }

    let stream: StreamID
    let number: UInt64
    var output = OutputQueue()
    var ending = Ending.none
    /// The server has closed the connection and must not hear of it again.
    var isForgotten = false
    var hasPeerClosed = false
    var isPeerCloseReported = false
    /// Bytes wait in the receive buffer for room at the server.
    var isStalled = false

    init(stream: StreamID, number: UInt64) {
        self.stream = stream
        self.number = number
    }

    var id: ConnectionID { ConnectionID(number) }
}

/// Chunks of output that the send buffer had no room for yet. The server bounds their sum and pauses what it generates.
struct OutputQueue {
    private var chunks: [[UInt8]] = []
    /// The chunk that goes next, and how much of it has gone.
    private var chunkIndex = 0
    private var chunkOffset = 0

    var isEmpty: Bool { chunkIndex == chunks.count }

    mutating func append(_ bytes: [UInt8]) {
        if !bytes.isEmpty { chunks.append(bytes) }
    }

    /// The bytes that come next.
    var next: ArraySlice<UInt8>? { isEmpty ? nil : chunks[chunkIndex][chunkOffset...] }

    /// Takes note that the first `count` bytes of `next` are on their way; the chunk that they end, if they do.
    mutating func consume(_ count: Int) -> [UInt8]? {
        chunkOffset += count
        guard chunkOffset == chunks[chunkIndex].count else { return nil }
        var chunk: [UInt8] = []
        swap(&chunk, &chunks[chunkIndex])
        chunkIndex += 1
        chunkOffset = 0
        if isEmpty {
            chunks.removeAll(keepingCapacity: true)
            chunkIndex = 0
        }
        return chunk
    }
}
