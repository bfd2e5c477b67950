/// The resource that a request line names (RFC 9112 section 3.2), in origin form, absolute form, or `*` for OPTIONS.
struct RequestTarget {
    let path: String
    let query: [UInt8]

    static var root: RequestTarget { RequestTarget(path: "/", query: []) }

    private init(path: String, query: [UInt8]) {
        self.path = path
        self.query = query
    }

    init(_ target: Span<UInt8>, method: HTTPMethod) throws(HTTPError) {
        for index in target.indices {
            // Visible ASCII; a fragment never goes over the wire (RFC 3986 section 3.5).
            guard 0x21...0x7E ~= target[index], target[index] != UInt8(ascii: "#") else { throw .malformedTarget }
        }
        if method == .options, target.count == 1, target[0] == UInt8(ascii: "*") {
            self.init(path: "*", query: [])
            return
        }
        let start = try Self.pathStart(of: target)
        var end = start
        while end < target.count, target[end] != UInt8(ascii: "?") { end += 1 }
        var query: [UInt8] = []
        if end < target.count { query.append(copying: target.extracting((end + 1)..<target.count)) }
        guard let decoded = PercentEncoding.decode(target.extracting(start..<end)), !decoded.contains(0),
            let path = String(validating: decoded, as: UTF8.self)
        else { throw .malformedTarget }
        self.init(path: path.isEmpty ? "/" : path, query: query)
    }

    /// Zero in origin form; behind the authority in absolute form, which servers must accept (section 3.2.2).
    private static func pathStart(of target: Span<UInt8>) throws(HTTPError) -> Int {
        guard let first = target.isEmpty ? nil : target[0] else { throw .malformedTarget }
        if first == UInt8(ascii: "/") { return 0 }
        guard var index = lengthOfPrefix("http://", in: target) ?? lengthOfPrefix("https://", in: target)
        else { throw .malformedTarget }
        let authorityStart = index
        while index < target.count, target[index] != UInt8(ascii: "/"), target[index] != UInt8(ascii: "?") {
            index += 1
        }
        guard index > authorityStart else { throw .malformedTarget }
        return index
    }

    private static func lengthOfPrefix(_ prefix: String, in target: Span<UInt8>) -> Int? {
        let expected = prefix.utf8.span
        guard target.count >= expected.count else { return nil }
        for index in expected.indices where ASCII.lowercased(target[index]) != expected[index] { return nil }
        return expected.count
    }
}
