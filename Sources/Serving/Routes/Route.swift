/// What the server answers to: the paths and their methods.
enum Route: Equatable {
    case chatCompletions, completions
    case models
    case model(id: [UInt8])
    case tokenize, detokenize, applyTemplate
    case health, metrics, version

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
        for route in Self.fixed where tail.elementsEqual(route.tail.utf8) {
            self = route
            return
        }
        return nil
    }

    private static var fixed: [Route] {
        [
            .chatCompletions, .completions, .models, .tokenize, .detokenize, .applyTemplate, .health, .metrics,
            .version,
        ]
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
        }
    }

    /// The name under which requests are counted.
    var label: String {
        switch self {
        case .chatCompletions, .completions, .models: "/v1" + tail
        case .model: "/v1/models/{id}"
        default: tail
        }
    }

    /// Whether the route changes nothing and is read with GET (or HEAD); the others take a body with POST.
    var isRead: Bool {
        switch self {
        case .models, .model, .health, .metrics, .version: true
        case .chatCompletions, .completions, .tokenize, .detokenize, .applyTemplate: false
        }
    }

    /// Whether anybody may ask, key or not: whether the server lives is nobody's secret, and probes hold no keys.
    var isPublic: Bool { self == .health || self == .version }

    /// For `Allow` and for CORS.
    var methods: String { isRead ? "GET, HEAD, OPTIONS" : "POST, OPTIONS" }
}
