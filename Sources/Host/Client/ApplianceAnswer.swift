import HostErrors
import HostSystem
import JSON

/// The answer to a request, read as it comes.
public struct ApplianceAnswer: ~Copyable {
    private let socket: FileDescriptor
    private let address: String
    private var reader = HTTPResponseReader()
    /// The body of an answer that is no success: the server's reason.
    private var refusal: [UInt8] = []

    init(_ socket: consuming FileDescriptor, from address: String) {
        self.socket = socket
        self.address = address
    }

    /// To poll: `next` does not wait while there is something to read.
    public var descriptor: Int32 { socket.number }

    /// A field after the body; known once that has ended.
    public func trailer(_ name: String) -> String? { reader.trailers[name] }

    /// The next bytes of the body of a success, maybe none yet; nil once it has ended. Anything but a success is thrown
    /// with the server's own message.
    public mutating func next() throws(ClientError) -> [UInt8]? {
        if reader.isComplete { return nil }
        guard let bytes = socket.read() else {
            throw .badAnswer(BadAnswer(reason: "\(address) has been silent for too long"))
        }
        let body = try failing(as: ClientError.badAnswer) { () throws(BadAnswer) in try reader.receive(bytes) }
        guard let status = reader.status, status != 200 else {
            if bytes.isEmpty {
                throw .badAnswer(
                    BadAnswer(reason: reader.status == nil ? "\(address) answered nothing" : "it breaks off"))
            }
            return body
        }
        refusal += body
        guard reader.isComplete || bytes.isEmpty else { return [] }
        let message = (try? JSONValue(parsing: refusal))?["error"]?["message"]?.stringValue
        throw .refused(status: status, message: message ?? "no reason given")
    }
}
