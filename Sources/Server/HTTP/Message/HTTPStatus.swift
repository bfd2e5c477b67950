/// A response status (RFC 9110 section 15) with the phrase that people read.
public struct HTTPStatus: Equatable, Sendable {
    /// Three digits.
    public let code: Int
    public let phrase: String

    public init(code: Int, phrase: String) {
        self.code = code
        self.phrase = phrase
    }

    public static var ok: HTTPStatus { HTTPStatus(code: 200, phrase: "OK") }
    public static var created: HTTPStatus { HTTPStatus(code: 201, phrase: "Created") }
    public static var accepted: HTTPStatus { HTTPStatus(code: 202, phrase: "Accepted") }
    public static var noContent: HTTPStatus { HTTPStatus(code: 204, phrase: "No Content") }
    public static var badRequest: HTTPStatus { HTTPStatus(code: 400, phrase: "Bad Request") }
    public static var unauthorized: HTTPStatus { HTTPStatus(code: 401, phrase: "Unauthorized") }
    public static var forbidden: HTTPStatus { HTTPStatus(code: 403, phrase: "Forbidden") }
    public static var notFound: HTTPStatus { HTTPStatus(code: 404, phrase: "Not Found") }
    public static var methodNotAllowed: HTTPStatus { HTTPStatus(code: 405, phrase: "Method Not Allowed") }
    public static var requestTimeout: HTTPStatus { HTTPStatus(code: 408, phrase: "Request Timeout") }
    public static var conflict: HTTPStatus { HTTPStatus(code: 409, phrase: "Conflict") }
    public static var preconditionFailed: HTTPStatus { HTTPStatus(code: 412, phrase: "Precondition Failed") }
    public static var contentTooLarge: HTTPStatus { HTTPStatus(code: 413, phrase: "Content Too Large") }
    public static var uriTooLong: HTTPStatus { HTTPStatus(code: 414, phrase: "URI Too Long") }
    public static var unsupportedMediaType: HTTPStatus { HTTPStatus(code: 415, phrase: "Unsupported Media Type") }
    public static var expectationFailed: HTTPStatus { HTTPStatus(code: 417, phrase: "Expectation Failed") }
    public static var unprocessableContent: HTTPStatus { HTTPStatus(code: 422, phrase: "Unprocessable Content") }
    public static var tooManyRequests: HTTPStatus { HTTPStatus(code: 429, phrase: "Too Many Requests") }
    public static var headerFieldsTooLarge: HTTPStatus {
        HTTPStatus(code: 431, phrase: "Request Header Fields Too Large")
    }
    public static var internalServerError: HTTPStatus { HTTPStatus(code: 500, phrase: "Internal Server Error") }
    public static var notImplemented: HTTPStatus { HTTPStatus(code: 501, phrase: "Not Implemented") }
    public static var serviceUnavailable: HTTPStatus { HTTPStatus(code: 503, phrase: "Service Unavailable") }
    public static var versionNotSupported: HTTPStatus { HTTPStatus(code: 505, phrase: "HTTP Version Not Supported") }

    /// Responses that never have a body (RFC 9112 section 6.3, rule 1).
    var forbidsBody: Bool { code < 200 || code == 204 || code == 304 }
}
