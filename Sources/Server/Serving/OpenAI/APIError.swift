import Law
import MonotonicTime

/// A refusal in the form that clients of the OpenAI API know: an HTTP status and an error object.
struct APIError: Error, Equatable {
    enum Kind {
        case invalidRequest, authentication, permission, notFound, overloaded, unavailable, server

        var name: String {
            switch self {
            case .invalidRequest: "invalid_request_error"
            case .authentication: "authentication_error"
            case .permission: "permission_error"
            case .notFound: "not_found_error"
            case .overloaded: "rate_limit_error"
            case .unavailable: "unavailable_error"
            case .server: "server_error"
            }
        }
    }

    var status: Int
    var kind: Kind
    /// What is wrong, and what to do about it.
    var message: String
    /// The parameter at fault, as a path: `messages[0].content`.
    var parameter: String?
    /// A name for programs.
    var code: String?
    /// When to come back, for 429 and 503.
    var retryAfterSeconds: UInt64?
    /// The methods a route knows, for 405.
    var allow: String?

    init(_ status: Int, _ kind: Kind, _ message: String, parameter: String? = nil, code: String? = nil) {
        self.status = status
        self.kind = kind
        self.message = message
        self.parameter = parameter
        self.code = code
    }
}

extension APIError {
    /// A parameter of the wrong type or outside its range.
    static func invalid(_ parameter: String, _ message: String, code: String? = nil) -> APIError {
        APIError(400, .invalidRequest, message, parameter: parameter, code: code)
    }

    /// Something the API has and this server has not.
    static func unsupported(_ parameter: String, _ message: String) -> APIError {
        .invalid(parameter, message, code: "unsupported_parameter")
    }

    static func malformedJSON(_ message: String) -> APIError {
        APIError(400, .invalidRequest, "The request body is not valid JSON: \(message)", code: "invalid_json")
    }

    static var missingKey: APIError {
        APIError(
            401, .authentication, "This server needs an API key: send it as \"Authorization: Bearer KEY\".",
            code: "missing_api_key")
    }

    static var wrongKey: APIError {
        APIError(401, .authentication, "The API key is not known to this server.", code: "invalid_api_key")
    }

    static func denied(_ operation: String, _ target: String) -> APIError {
        APIError(
            403, .permission, "The law does not grant this key \"\(operation)\" on \(target).",
            code: "permission_denied")
    }

    static var loading: APIError {
        var error = APIError(503, .unavailable, "Loading model", code: "loading_model")
        error.retryAfterSeconds = Limits.loadingRetryAfterSeconds
        return error
    }

    static var draining: APIError {
        var error = APIError(503, .unavailable, "The server is shutting down.", code: "shutting_down")
        error.retryAfterSeconds = Limits.loadingRetryAfterSeconds
        return error
    }

    /// The bodies of other requests have the memory that this one's needs.
    static var bodiesFull: APIError {
        var error = APIError(
            503, .unavailable, "The bodies of other requests take all memory there is for them; try again later.",
            code: "request_memory_exhausted")
        error.retryAfterSeconds = Limits.bodyRetryAfterSeconds
        return error
    }

    static var outOfMemory: APIError {
        APIError(
            503, .unavailable, "The server has too little KV memory for this prompt; shorten it, or give it more.",
            code: "kv_memory_exhausted")
    }

    static func overloaded(retryAfterSeconds: UInt64) -> APIError {
        var error = APIError(
            429, .overloaded, "All places are taken and the queue is full; try again in \(retryAfterSeconds) s.",
            code: "overloaded")
        error.retryAfterSeconds = retryAfterSeconds
        return error
    }
}

extension APIError {
    /// A first token that would come later than the server promises (`--sla-ttft-ms`).
    static func late(predicted: Interval, limit: Interval, retryAfterSeconds: UInt64) -> APIError {
        var error = APIError(
            429, .overloaded,
            "The first token would take about \(predicted.milliseconds) ms, and this server promises "
                + "\(limit.milliseconds) ms; try again in \(retryAfterSeconds) s.",
            code: "overloaded")
        error.retryAfterSeconds = retryAfterSeconds
        return error
    }

    static func quotaExceeded(_ refusal: QuotaExceeded) -> APIError {
        let name = refusal.quota.name.text
        var error = APIError(
            429, .overloaded, "The law's quota \(name) of this key is \(refusal.limit), and used up.",
            parameter: name, code: "quota_exceeded")
        if let wait = refusal.retryAfter {
            error.retryAfterSeconds = (wait.milliseconds + 999) / 1_000
        } else if refusal.quota == .tokensPerMinute {
            error.message = "The prompt alone exceeds the law's quota \(name) of this key, \(refusal.limit)."
        }
        return error
    }

    static func invalidLaw(_ message: String) -> APIError {
        APIError(400, .invalidRequest, "raw.json:" + message, code: "invalid_law")
    }

    static func conflict(_ message: String) -> APIError {
        APIError(409, .invalidRequest, message, code: "conflict")
    }
}
