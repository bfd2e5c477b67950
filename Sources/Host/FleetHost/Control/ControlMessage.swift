import JSON

/// A command to a running fleet: one line of JSON on its control socket, answered by one JSON object.
public enum ControlMessage: Equatable, Sendable {
    /// Answered by `{"port", "models": [...]}`.
    case overview
    /// Answered by `{"lines": [...]}`; to a follower one such object after another, each on a line, as lines come.
    /// `{"missed": N}` stands for those that it was too slow for.
    case logs(model: String, follows: Bool)
    /// Answered by `{}` at once; the machines end when they have answered what they have.
    case stop(model: String)

    public var json: JSONValue {
        switch self {
        case .overview: ["command": "ps"]
        case .logs(let model, let follows):
            ["command": "logs", "model": .string(JSONString(model)), "follow": .bool(follows)]
        case .stop(let model): ["command": "stop", "model": .string(JSONString(model))]
        }
    }

    /// Nil when it is not such a command.
    public init?(_ json: JSONValue) {
        switch (json["command"]?.stringValue, json["model"]?.stringValue) {
        case ("ps", nil): self = .overview
        case ("logs", let model?): self = .logs(model: model, follows: json["follow"] == .bool(true))
        case ("stop", let model?): self = .stop(model: model)
        default: return nil
        }
    }
}
