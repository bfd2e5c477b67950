/// What a request says before its body.
struct RequestHead {
    var method = HTTPMethod.get
    var target = RequestTarget.root
    var version = HTTPVersion.http1_1
    var headers = HTTPHeaders()

    init() {}

    /// Parses a request line: `method SP request-target SP HTTP-version` (RFC 9112 section 3), each space exactly one.
    init(requestLine line: Span<UInt8>) throws(HTTPError) {
        guard let firstSpace = Self.firstSpace(in: line, from: 0),
            let secondSpace = Self.firstSpace(in: line, from: firstSpace + 1),
            Self.firstSpace(in: line, from: secondSpace + 1) == nil
        else { throw .malformedRequestLine }
        // The version first: what a later protocol means by the rest is unknown.
        version = try Self.version(line.extracting((secondSpace + 1)..<line.count))
        let token = line.extracting(0..<firstSpace)
        guard ASCII.isToken(token) else { throw .malformedMethod }
        method = HTTPMethod(token: token)
        guard method != .connect else { throw .unsupportedMethod }
        target = try RequestTarget(line.extracting((firstSpace + 1)..<secondSpace), method: method)
    }

    private static func firstSpace(in line: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < line.count {
            if line[index] == ASCII.space { return index }
            index += 1
        }
        return nil
    }

    /// `HTTP/` digit `.` digit, case-sensitive (RFC 9112 section 2.3).
    private static func version(_ text: Span<UInt8>) throws(HTTPError) -> HTTPVersion {
        let prefix = "HTTP/".utf8.span
        guard text.count == prefix.count + 3 else { throw .malformedRequestLine }
        for index in prefix.indices where text[index] != prefix[index] { throw .malformedRequestLine }
        let major = text[prefix.count]
        let minor = text[prefix.count + 2]
        guard ASCII.isDigit(major), text[prefix.count + 1] == UInt8(ascii: "."), ASCII.isDigit(minor)
        else { throw .malformedRequestLine }
        guard major == UInt8(ascii: "1") else { throw .unsupportedVersion }
        return minor == UInt8(ascii: "0") ? .http1_0 : .http1_1
    }
}
