import JSON

/// Decides from a whole request who answers it: the fleet itself, or a machine of one model.
public struct FleetRouter: Sendable {
    /// What becomes of a request.
    public enum Decision: Equatable, Sendable {
        /// A machine of that model answers. `isRepeatable`: nothing is changed by computing it twice.
        case forward(model: Int, isRepeatable: Bool)
        case health
        /// The fleet's own metrics and those of all machines.
        case metrics
        case listModels
        case showModel(Int)
        case refuse(FleetError)
    }

    /// The parts of a request that decide.
    public struct Request {
        let method: String
        /// Without the query.
        let path: Substring
        let authorization: String?
        let body: [UInt8]

        public init(method: String, target: String, authorization: String?, body: [UInt8]) {
            self.method = method
            path = target.prefix { $0 != "?" }
            self.authorization = authorization
            self.body = body
        }
    }

    private let names: [String]
    /// The one model that everything goes to whatever it asks for; its machines know more routes than this.
    private let isBalancer: Bool
    private let apiKey: [UInt8]?

    /// Routes that only compute.
    private static let repeatablePosts: Set<String> = [
        "/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize", "/apply-template",
    ]

    /// - Parameter isBalancer: all machines serve `names[0]`, and answer all but `/health` and `/metrics` themselves.
    public init(names: [String], isBalancer: Bool, apiKey: String?) {
        precondition(!isBalancer || names.count == 1)
        self.names = names
        self.isBalancer = isBalancer
        self.apiKey = apiKey.map { Array($0.utf8) }
    }

    public func decide(_ request: Request) -> Decision {
        do throws(FleetError) {
            if request.path == "/health" {
                try allowReading(request)
                return .health
            }
            try checkKey(request)
            if request.path == "/metrics" {
                try allowReading(request)
                return .metrics
            }
            if isBalancer { return .forward(model: 0, isRepeatable: isRepeatable(request)) }
            if request.path == "/v1/models" {
                try allowReading(request)
                return .listModels
            }
            if request.path.hasPrefix("/v1/models/") {
                try allowReading(request)
                return .showModel(try index(of: String(request.path.dropFirst("/v1/models/".count))))
            }
            guard request.method == "POST" else { throw .routeUnknown }
            return .forward(model: try modelAskedFor(request.body), isRepeatable: isRepeatable(request))
        } catch {
            return .refuse(error)
        }
    }

    private func isRepeatable(_ request: Request) -> Bool {
        switch request.method {
        case "GET", "HEAD", "OPTIONS": true
        case "POST": Self.repeatablePosts.contains(String(request.path))
        default: false
        }
    }

    private func allowReading(_ request: Request) throws(FleetError) {
        guard request.method == "GET" || request.method == "HEAD" else { throw .methodNotAllowed }
    }

    private func modelAskedFor(_ body: [UInt8]) throws(FleetError) -> Int {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: body) } catch { throw .malformedJSON(error.message) }
        guard let name = value["model"]?.stringValue else { throw .modelMissing }
        return try index(of: name)
    }

    private func index(of name: String) throws(FleetError) -> Int {
        guard let index = names.firstIndex(of: name) else {
            throw .modelUnknown(name, nearest: NearestName.of(name, among: names))
        }
        return index
    }

    /// Before anything is started for a request, its sender must be known.
    private func checkKey(_ request: Request) throws(FleetError) {
        guard let apiKey else { return }
        let words = request.authorization?.split(separator: " ", omittingEmptySubsequences: true) ?? []
        guard words.count == 2, words[0].lowercased() == "bearer" else { throw .keyMissing }
        guard Self.areEqual(Array(words[1].utf8), apiKey) else { throw .keyWrong }
    }

    /// Takes as long whichever byte differs, so that the time of a refusal reveals nothing about the key.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var difference: UInt8 = left.count == right.count ? 0 : 1
        for (index, byte) in left.enumerated() where !right.isEmpty { difference |= byte ^ right[index % right.count] }
        return difference == 0
    }
}
