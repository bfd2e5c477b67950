import Fleet
import NIOCore
import NIOHTTP1

/// A request on its way to a machine and its answer on the way back.
final class Exchange {
    let id: RequestID
    let model: Int
    let head: HTTPRequestHead
    /// Empty once the answer has begun: it will not be sent again.
    var body: ByteBuffer
    let client: ClientConnection
    /// The connection to the machine that has the request now.
    var upstream: UpstreamConnection?

    init(id: RequestID, model: Int, head: HTTPRequestHead, body: ByteBuffer, client: ClientConnection) {
        self.id = id
        self.model = model
        self.head = Self.headForMachine(head, bodyByteCount: body.readableBytes)
        self.body = body
        self.client = client
    }

    /// One connection a request; the body is there as a whole, however it came.
    private static func headForMachine(_ head: HTTPRequestHead, bodyByteCount: Int) -> HTTPRequestHead {
        var head = head
        head.version = .http1_1
        head.headers.removeHopByHopFields()
        for name in ["transfer-encoding", "content-length", "expect", "trailer"] { head.headers.remove(name: name) }
        if bodyByteCount > 0 || head.method == .POST || head.method == .PUT {
            head.headers.add(name: "Content-Length", value: "\(bodyByteCount)")
        }
        head.headers.add(name: "Connection", value: "close")
        return head
    }
}
