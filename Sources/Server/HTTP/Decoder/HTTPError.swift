/// Why a request is refused. Each answers with its status, after which the connection closes: where the next request
/// would begin is no longer known.
public enum HTTPError: Error, Equatable, Sendable {
    // The request line.
    case requestLineTooLong, malformedRequestLine, malformedMethod, malformedTarget
    case unsupportedVersion, unsupportedMethod
    // Header fields and trailers.
    case bareLineEnd, headersTooLarge, tooManyHeaders, foldedHeader, malformedHeaderName, malformedHeaderValue
    case missingHost, repeatedHost, malformedHost, unsupportedExpectation
    // The body.
    case malformedContentLength, repeatedContentLength, ambiguousLength, malformedTransferEncoding
    case unsupportedTransferEncoding, transferEncodingInHTTP1_0, bodyTooLarge, malformedChunk, chunkExtensionsTooLarge
    // Time and the peer.
    case headTimeout, bodyTimeout, incompleteRequest

    public var status: HTTPStatus {
        switch self {
        case .requestLineTooLong: .uriTooLong
        case .unsupportedVersion: .versionNotSupported
        case .unsupportedMethod, .unsupportedTransferEncoding: .notImplemented
        case .headersTooLarge, .tooManyHeaders: .headerFieldsTooLarge
        case .unsupportedExpectation: .expectationFailed
        case .bodyTooLarge: .contentTooLarge
        case .headTimeout, .bodyTimeout: .requestTimeout
        case .malformedRequestLine, .malformedMethod, .malformedTarget, .bareLineEnd, .foldedHeader,
            .malformedHeaderName, .malformedHeaderValue, .missingHost, .repeatedHost, .malformedHost,
            .malformedContentLength, .repeatedContentLength, .ambiguousLength, .malformedTransferEncoding,
            .transferEncodingInHTTP1_0, .malformedChunk, .chunkExtensionsTooLarge, .incompleteRequest:
            .badRequest
        }
    }

    /// One line for the client: what is wrong and, where it helps, what to do.
    public var message: String {
        switch self {
        case .requestLineTooLong: "the request line is too long"
        case .malformedRequestLine: "the request line is not 'METHOD TARGET HTTP/1.1'"
        case .malformedMethod: "the method is not a token"
        case .malformedTarget: "the request target is not a percent-encoded path or http URL"
        case .unsupportedVersion: "only HTTP/1.1 and HTTP/1.0 are spoken here"
        case .unsupportedMethod: "CONNECT is not implemented"
        case .bareLineEnd: "lines must end in CRLF"
        case .headersTooLarge: "the header fields are too large"
        case .tooManyHeaders: "there are too many header fields"
        case .foldedHeader: "folded header lines are not accepted"
        case .malformedHeaderName: "a header name is not a token directly followed by a colon"
        case .malformedHeaderValue: "a header value has a control character"
        case .missingHost: "HTTP/1.1 requires a Host header"
        case .repeatedHost: "there is more than one Host header"
        case .malformedHost: "the Host header is not a host name"
        case .unsupportedExpectation: "only 'Expect: 100-continue' can be met"
        case .malformedContentLength: "Content-Length is not a decimal number"
        case .repeatedContentLength: "there is more than one Content-Length"
        case .ambiguousLength: "Content-Length and Transfer-Encoding exclude each other"
        case .malformedTransferEncoding: "Transfer-Encoding must end in a single 'chunked'"
        case .unsupportedTransferEncoding: "the only transfer coding implemented is 'chunked'"
        case .transferEncodingInHTTP1_0: "HTTP/1.0 has no Transfer-Encoding"
        case .bodyTooLarge: "the request body is too large"
        case .malformedChunk: "the chunked body is malformed"
        case .chunkExtensionsTooLarge: "the chunk extensions are too large"
        case .headTimeout: "the request's headers took too long"
        case .bodyTimeout: "the request's body took too long"
        case .incompleteRequest: "the connection ended inside a request"
        }
    }
}
