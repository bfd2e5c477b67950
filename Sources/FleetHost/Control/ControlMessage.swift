import JSON

/// A command to a running fleet: one line of JSON on its control socket, answered by one JSON object.
public enum ControlMessage: Equatable, Sendable {
    /// Answered by `{"port", "models": [...]}`.
    case overview
    /// Answered by `{"lines": [...]}`.
    case logs(model: String)
    /// Answered by `{}` at once; the machines end when they have answered what they have.
    case stop(model: String)

    public var json: JSONValue {
        switch self {
        case .overview: ["command": "ps"]
        case .logs(let model): ["command": "logs", "model": .string(JSONString(model))]
        case .stop(let model): ["command": "stop", "model": .string(JSONString(model))]
        }
    }

    /// Nil when it is not such a command.
    public init?(_ json: JSONValue) {
        switch (json["command"]?.stringValue, json["model"]?.stringValue) {
        case ("ps", nil): self = .overview
        case ("logs", let model?): self = .logs(model: model)
        case ("stop", let model?): self = .stop(model: model)
        default: return nil
        }
    }
}
