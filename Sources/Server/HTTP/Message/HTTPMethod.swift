/// A request method (RFC 9110 section 9). Methods are case-sensitive.
public enum HTTPMethod: Equatable, Sendable {
    case get, head, post, put, delete, options, patch, connect, trace
    /// Any other token; a server answers 405 or 501.
    case other(String)

    init(token: Span<UInt8>) {
        let name = token.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        self =
            switch name {
            case "GET": .get
            case "HEAD": .head
            case "POST": .post
            case "PUT": .put
            case "DELETE": .delete
            case "OPTIONS": .options
            case "PATCH": .patch
            case "CONNECT": .connect
            case "TRACE": .trace
            default: .other(name)
            }
    }

    /// The method as it stands in a request line.
    public var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .patch: "PATCH"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other(let name): name
        }
    }
}
