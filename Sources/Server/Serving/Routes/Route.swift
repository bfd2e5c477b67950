import HTTP

/// What the server answers to: the paths and their methods.
enum Route: Equatable {
    case chatCompletions, completions
    case models
    case model(id: [UInt8])
    case tokenize, detokenize, applyTemplate
    case health, metrics, version
    case law, lawRollback, lawCheck, growth
    /// Making every capability of a subject worthless.
    case revoke(subject: [UInt8])
    case programs
    case program(name: [UInt8])
    case invoke(name: [UInt8])

    /// The route of a decoded path; nil when there is none. The OpenAI routes also answer without their `/v1`.
    init?(path: String) {
        let path = Array(path.utf8)
        let prefix = Array("/v1".utf8)
        let isVersioned = path.starts(with: prefix) && path.count > 3 && path[3] == UInt8(ascii: "/")
        let tail = isVersioned ? Array(path[3...]) : path
        let modelPrefix = Array("/models/".utf8)
        if tail.starts(with: modelPrefix), tail.count > modelPrefix.count {
            self = .model(id: Array(tail[modelPrefix.count...]))
            return
        }
        if let subject = Self.middle(of: tail, between: "/law/subjects/", and: "/revoke") {
            self = .revoke(subject: subject)
            return
        }
        if let name = Self.middle(of: tail, between: "/programs/", and: "/invoke") {
            self = .invoke(name: name)
            return
        }
        if let name = Self.middle(of: tail, between: "/programs/", and: "") {
            self = .program(name: name)
            return
        }
        for route in Self.fixed where tail.elementsEqual(route.tail.utf8) {
            self = route
            return
        }
        return nil
    }

    private static var fixed: [Route] {
        [
            .chatCompletions, .completions, .models, .tokenize, .detokenize, .applyTemplate, .health, .metrics,
            .version, .law, .lawRollback, .lawCheck, .growth, .programs,
        ]
    }

    /// What stands between two texts; nil when it is not there, or empty.
    private static func middle(of path: [UInt8], between prefix: String, and suffix: String) -> [UInt8]? {
        let (prefix, suffix) = (Array(prefix.utf8), Array(suffix.utf8))
        guard path.count > prefix.count + suffix.count, path.starts(with: prefix),
            path.suffix(suffix.count).elementsEqual(suffix)
        else { return nil }
        return Array(path.dropFirst(prefix.count).dropLast(suffix.count))
    }

    /// The path without `/v1`.
    private var tail: String {
        switch self {
        case .chatCompletions: "/chat/completions"
        case .completions: "/completions"
        case .models, .model: "/models"
        case .tokenize: "/tokenize"
        case .detokenize: "/detokenize"
        case .applyTemplate: "/apply-template"
        case .health: "/health"
        case .metrics: "/metrics"
        case .version: "/version"
        case .law: "/law"
        case .lawRollback: "/law/rollback"
        case .lawCheck: "/law/check"
        case .growth: "/law/growth"
        case .revoke: "/law/subjects/{name}/revoke"
        case .programs: "/programs"
        case .program: "/programs/{name}"
        case .invoke: "/programs/{name}/invoke"
        }
    }

    /// The name under which requests are counted.
    var label: String {
        switch self {
        case .chatCompletions, .completions, .models, .law, .lawRollback, .lawCheck, .growth, .revoke, .programs,
            .program, .invoke:
            "/v1" + tail
        case .model: "/v1/models/{id}"
        default: tail
        }
    }

    /// The methods the route takes, besides OPTIONS. What changes nothing is read with GET or HEAD.
    private var ownMethods: [HTTPMethod] {
        switch self {
        case .models, .model, .health, .metrics, .version, .growth, .programs: [.get, .head]
        case .program: [.get, .head, .post, .delete]
        case .law: [.get, .head, .put]
        case .chatCompletions, .completions, .tokenize, .detokenize, .applyTemplate, .lawRollback, .lawCheck, .revoke,
            .invoke:
            [.post]
        }
    }

    func takes(_ method: HTTPMethod) -> Bool { ownMethods.contains(method) }

    /// Whether anybody may ask, key or not: whether the server lives is nobody's secret, and probes hold no keys.
    var isPublic: Bool { self == .health || self == .version }

    /// For `Allow` and for CORS.
    var methods: String { (ownMethods + [.options]).map { $0.name }.joined(separator: ", ") }
}
