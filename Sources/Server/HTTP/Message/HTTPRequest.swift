/// A request that has arrived whole and been found well formed.
public struct HTTPRequest: Equatable, Sendable {
    public let method: HTTPMethod
    /// The path, percent-decoded: UTF-8 that starts with a slash, or `*` for `OPTIONS *`. An encoded slash is decoded
    /// like any other character.
    public let path: String
    /// What follows the question mark, undecoded; empty when there is none. See `queryValue(of:)`.
    public let query: [UInt8]
    public let version: HTTPVersion
    public let headers: HTTPHeaders
    /// The body, free of its transfer coding.
    public let body: [UInt8]

    /// A request made by hand rather than decoded, as tests of a server's routes need it.
    public init(
        method: HTTPMethod, path: String, query: [UInt8] = [], version: HTTPVersion = .http1_1,
        headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.version = version
        self.headers = headers
        self.body = body
    }

    /// The decoded value of the first `name=value` pair of the query with this name; empty for a bare `name`. Nil when
    /// there is none, or when it is not percent-encoded UTF-8.
    public func queryValue(of name: String) -> String? {
        encodedValues(of: name).first.flatMap(Self.decode)
    }

    /// The decoded values of all `name=value` pairs of the query with this name, in their order. Nil when one of them
    /// is not percent-encoded UTF-8.
    public func queryValues(of name: String) -> [String]? {
        let encoded = encodedValues(of: name)
        let values = encoded.compactMap(Self.decode)
        return values.count == encoded.count ? values : nil
    }

    private func encodedValues(of name: String) -> [[UInt8]] {
        query.split(separator: UInt8(ascii: "&")).compactMap { pair in
            let separator = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let encodedName = Array(pair[..<separator])
            let decodedName = PercentEncoding.decode(encodedName.span, plusIsSpace: true)
            guard let decodedName, decodedName.elementsEqual(name.utf8) else { return nil }
            return Array(pair[separator...].dropFirst())
        }
    }

    private static func decode(_ encoded: [UInt8]) -> String? {
        PercentEncoding.decode(encoded.span, plusIsSpace: true).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Whether the client would send another request on the same connection (RFC 9112 section 9.3).
    var keepsAlive: Bool {
        guard !headers.list("connection", contains: "close") else { return false }
        return version == .http1_1 || headers.list("connection", contains: "keep-alive")
    }
}
