import JSON

/// An answer of the fleet's own in the form that clients of the OpenAI API know: an HTTP status and an error object.
public struct FleetError: Error, Equatable, Sendable {
    public let status: Int
    /// When to come back; for 429 and 503.
    public private(set) var retryAfterSeconds: Int?
    /// What is wrong, and what to do about it.
    public let message: String
    let type: String
    let parameter: String?
    let code: String

    init(_ status: Int, type: String, code: String, parameter: String? = nil, _ message: String) {
        self.status = status
        self.type = type
        self.code = code
        self.parameter = parameter
        self.message = message
    }

    /// `{"error": {"message", "type", "param", "code"}}`
    public func serialized() -> [UInt8] {
        let error: JSONValue = [
            "error": [
                "message": .string(JSONString(message)), "type": .string(JSONString(type)),
                "param": parameter.map { .string(JSONString($0)) } ?? .null, "code": .string(JSONString(code)),
            ]
        ]
        return error.serialized()
    }
}

extension FleetError {
    public static func bodyTooLarge(byteCountMax: Int) -> FleetError {
        invalid(413, "body_too_large", "The request's body may have \(byteCountMax) bytes at most.")
    }

    public static var overloaded: FleetError {
        unavailable("overloaded", retryAfterSeconds: 1, "This server holds as many requests as it can.")
    }

    static func malformedJSON(_ reason: String) -> FleetError {
        invalid(400, "invalid_json", "The request body is not valid JSON: \(reason)")
    }

    static var modelMissing: FleetError {
        invalid(
            400, "missing_parameter", parameter: "model",
            "The request needs \"model\": the name of one of GET /v1/models.")
    }

    static func modelUnknown(_ name: String, nearest: String?) -> FleetError {
        // What the client wrote may be long; its beginning identifies it.
        let shown = name.unicodeScalars.count > 64 ? String(name.unicodeScalars.prefix(64)) + "..." : name
        let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "GET /v1/models lists what there is."
        return FleetError(
            404, type: "not_found_error", code: "model_not_found", parameter: "model",
            "There is no model \"\(shown)\" here: \(hint)")
    }

    static var routeUnknown: FleetError {
        FleetError(
            404, type: "not_found_error", code: "unknown_route",
            "There is no such route here; a machine's own are reached by POST with \"model\" in the body.")
    }

    static var methodNotAllowed: FleetError {
        invalid(405, "method_not_allowed", "This route knows GET only.")
    }

    static var keyMissing: FleetError {
        FleetError(
            401, type: "authentication_error", code: "missing_api_key",
            "This server needs an API key: send it as \"Authorization: Bearer KEY\".")
    }

    static var keyWrong: FleetError {
        FleetError(
            401, type: "authentication_error", code: "invalid_api_key",
            "The API key is not known to this server.")
    }

    private static func invalid(
        _ status: Int, _ code: String, parameter: String? = nil, _ message: String
    ) -> FleetError {
        FleetError(status, type: "invalid_request_error", code: code, parameter: parameter, message)
    }

    private static func unavailable(
        _ code: String, status: Int = 503, retryAfterSeconds: Int?, _ message: String
    ) -> FleetError {
        var error = FleetError(status, type: "unavailable_error", code: code, message)
        error.retryAfterSeconds = retryAfterSeconds
        return error
    }

    /// The answer to a refused client; `model` is the name it asked for.
    public init(_ refusal: Refusal, model: String) {
        self =
            switch refusal {
            case .queueFull:
                .unavailable(
                    "overloaded", status: 429, retryAfterSeconds: 1,
                    "As many requests as may wait for \"\(model)\" do.")
            case .waitedTooLong(let seconds):
                .unavailable(
                    "start_timeout", retryAfterSeconds: 1,
                    "No machine was ready for \"\(model)\" within \(seconds) s.")
            case .startFailed(let reason, let retrySeconds):
                .unavailable(
                    "start_failed", retryAfterSeconds: max(1, retrySeconds),
                    "The machine of \"\(model)\" did not start: \(reason)")
            case .stopped:
                .unavailable(
                    "stopped", retryAfterSeconds: nil, "\"\(model)\" was stopped; a new request starts it again.")
            case .shuttingDown:
                .unavailable("shutting_down", retryAfterSeconds: nil, "This server is shutting down.")
            case .machineLost:
                .unavailable(
                    "machine_lost", status: 502, retryAfterSeconds: nil,
                    "The machine that had this request ended before it answered.")
            }
    }
}
