/// Status and header fields of a response.
///
/// The connection adds what frames the message and decides the connection's fate: `content-length`,
/// `transfer-encoding` and `connection` given here are left out. A `date` is the owner's to add, who has a clock.
public struct HTTPResponseHead: Equatable, Sendable {
    public var status: HTTPStatus
    public var headers: HTTPHeaders

    public init(_ status: HTTPStatus, contentType: String? = nil) {
        self.status = status
        headers = HTTPHeaders()
        if let contentType { headers.append("content-type", contentType) }
    }
}

/// How a response's end is found (RFC 9112 section 6).
enum BodyFraming: Equatable {
    case none
    case length(Int)
    case chunked
    /// The body ends with the connection: for HTTP/1.0 clients, which know no chunks.
    case untilClose
}

extension HTTPResponseHead {
    /// Appends the head's wire form: status line, fields, empty line.
    func encode(framing: BodyFraming, connection: String?, into output: inout [UInt8]) {
        output.append(text: "HTTP/1.1 ")
        output.append(status.code)
        output.append(ASCII.space)
        output.append(text: status.phrase)
        output.append(text: "\r\n")
        for field in headers.fields where !Self.isOwnedByConnection(field.name) {
            output.append(field: field.name.span, field.value.span)
        }
        switch framing {
        case .none, .untilClose: break
        case .length(let count):
            output.append(text: "content-length: ")
            output.append(count)
            output.append(text: "\r\n")
        case .chunked: output.append(text: "transfer-encoding: chunked\r\n")
        }
        if let connection { output.append(field: "connection".utf8.span, connection.utf8.span) }
        output.append(text: "\r\n")
    }

    private static func isOwnedByConnection(_ name: [UInt8]) -> Bool {
        ASCII.equals(name, ignoringCase: "content-length") || ASCII.equals(name, ignoringCase: "transfer-encoding")
            || ASCII.equals(name, ignoringCase: "connection")
    }
}

extension [UInt8] {
    /// Appends a field's line.
    mutating func append(field name: Span<UInt8>, _ value: Span<UInt8>) {
        append(copying: name)
        append(text: ": ")
        append(copying: value)
        append(text: "\r\n")
    }
}
