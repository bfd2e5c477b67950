import Engine
import HTTP
import Law
import MonotonicTime
import Programs

/// From a request to its route: who asks, whether they may, and what comes back.
extension Server where LM: ~Copyable {
    mutating func answer(_ request: HTTPRequest, on connection: Connection, now: Instant) {
        connection.routeLabel = Self.otherRouteLabel
        do throws(APIError) {
            guard let route = Route(path: request.path) else {
                throw APIError(404, .notFound, "There is no route \(request.path).", code: "route_not_found")
            }
            connection.routeLabel = route.label
            if request.method == .options { return respondToPreflight(route, on: connection, now: now) }
            try checkMethod(request.method, of: route)
            try answer(route, request, on: connection, now: now)
        } catch {
            respond(error, on: connection, now: now)
        }
    }

    /// The label under which requests to no route are counted.
    static var otherRouteLabel: String { "other" }

    private func checkMethod(_ method: HTTPMethod, of route: Route) throws(APIError) {
        guard !route.takes(method) else { return }
        var error = APIError(
            405, .invalidRequest, "\(route.label) does not take \(method.name); it takes \(route.methods).",
            code: "method_not_allowed")
        error.allow = route.methods
        throw error
    }

    private mutating func answer(
        _ route: Route, _ request: HTTPRequest, on connection: Connection, now: Instant
    ) throws(APIError) {
        let capability = try authenticate(request, isPublic: route.isPublic)
        switch route {
        case .health:
            let permit = try permit(capability, Read.self, on: .health, now: now)
            try respondToHealth(permit, on: connection, now: now)
        case .version:
            let permit = try permit(capability, Read.self, on: .health, now: now)
            respond(Version.document(permit), on: connection, now: now)
        case .metrics:
            let permit = try permit(capability, Read.self, on: .metrics, now: now)
            let text = currentMetrics(now: now).text(permit)
            respond(text, contentType: PrometheusText.contentType, on: connection, now: now)
        case .models:
            let permit = try permit(capability, Read.self, on: .model, now: now)
            respond(try card().list(permit), on: connection, now: now)
        case .model(let id):
            let permit = try permit(capability, Read.self, on: .model, now: now)
            respond(try card().lookUp(id: id, permit), on: connection, now: now)
        case .tokenize:
            let permit = try permit(capability, Read.self, on: .tokenizer, now: now)
            let routes = try tokenizerRoutes()
            respond(try routes.tokenize(try RequestObject(body: request.body.span), permit), on: connection, now: now)
        case .detokenize:
            let permit = try permit(capability, Read.self, on: .tokenizer, now: now)
            let routes = try tokenizerRoutes()
            respond(try routes.detokenize(try RequestObject(body: request.body.span), permit), on: connection, now: now)
        case .applyTemplate:
            let permit = try permit(capability, Read.self, on: .chatTemplate, now: now)
            let prompt = try chatPrompt(now: now)
            respond(try prompt.apply(try RequestObject(body: request.body.span), permit), on: connection, now: now)
        case .chatCompletions:
            try beginChat(try RequestObject(body: request.body.span), capability, on: connection, now: now)
        case .completions:
            try beginCompletion(try RequestObject(body: request.body.span), capability, on: connection, now: now)
        case .law: try answerLaw(request, capability, on: connection, now: now)
        case .lawRollback:
            try rollLawBack(try permit(capability, Administer.self, on: .law, now: now), on: connection, now: now)
        case .lawCheck:
            let permit = try permit(capability, Read.self, on: .law, now: now)
            respond(try explain(permit, try RequestObject(body: request.body.span)), on: connection, now: now)
        case .revoke(let name):
            try revoke(try permit(capability, Administer.self, on: .law, now: now), name, on: connection, now: now)
        case .growth:
            let permit = try permit(capability, Read.self, on: .growth, now: now)
            try respondWithGrowth(permit, request, on: connection, now: now)
        case .programs:
            respond(listPrograms(try permit(capability, Read.self, on: .programs, now: now)), on: connection, now: now)
        case .program(let name): try answerProgram(name, request, capability, on: connection, now: now)
        case .invoke(let name):
            let permit = try permit(capability, Execute.self, on: try Self.programPath(name), now: now)
            try invoke(permit, request, on: connection, now: now)
        }
    }

    // MARK: Who asks, and whether they may

    /// The capability of the key that the request brings. What anybody may know is read with the server's own.
    private func authenticate(_ request: HTTPRequest, isPublic: Bool) throws(APIError) -> Capability {
        let key = bearerKey(of: request)
        if let capability = capability(ofKey: key) { return capability }
        if isPublic { return law.kernelCapability() }
        throw key == nil ? .missingKey : .wrongKey
    }

    /// Whether the law knows who asks.
    func isKnown(_ request: HTTPRequest) -> Bool { capability(ofKey: bearerKey(of: request)) != nil }

    private func capability(ofKey key: [UInt8]?) -> Capability? {
        if let key { law.authenticate(bearer: key.span) } else { law.authenticate(bearer: nil) }
    }

    /// Asks the law. Every route gets the permit that its privileged step takes here, and nowhere else.
    mutating func permit<Op: Operation, Object: PermitTarget>(
        _ capability: borrowing Capability, _ operation: Op.Type, on target: Object, now: Instant
    ) throws(APIError) -> Permit<Op, Object> {
        do throws(Denial) {
            return try law.check(capability, operation, on: target, now: now)
        } catch {
            throw .denied(error.operation.name.text, error.path.text)
        }
    }

    // MARK: What there is

    private func card() throws(APIError) -> ModelCard {
        guard let card = service?.card else { throw .loading }
        return card
    }

    private func tokenizerRoutes() throws(APIError) -> TokenizerRoutes {
        guard let service else { throw .loading }
        return TokenizerRoutes(tokenizer: service.tokenizer, contextLength: service.engine.contextLength)
    }

    private func currentMetrics(now: Instant) -> ServerMetrics {
        var snapshot = metrics
        snapshot.isReady = isReady
        snapshot.openConnections = connections.count
        snapshot.chargedBodyBytes = bodies.chargedBytes
        snapshot.denials = law.growth.denialCount
        snapshot.lostGrowthRecords = law.growth.lostCount
        if let statistics = service?.engine.statistics(at: now) { snapshot.engine = statistics }
        return snapshot
    }
}

/// The key in `Bearer KEY` (RFC 6750 section 2.1; the scheme's case does not matter). Nil for any other scheme.
private func bearerKey(of request: HTTPRequest) -> [UInt8]? {
    guard let authorization = request.headers.value(of: "authorization") else { return nil }
    let scheme = Array("bearer ".utf8)
    guard authorization.count > scheme.count else { return nil }
    for (index, expected) in scheme.enumerated() {
        let byte = authorization[index]
        let isUppercase = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        guard (isUppercase ? byte | 0x20 : byte) == expected else { return nil }
    }
    var key = authorization[scheme.count...]
    while key.first == UInt8(ascii: " ") { key.removeFirst() }
    return Array(key)
}

extension StaticString {
    var text: String { withUTF8Buffer { String(decoding: $0, as: UTF8.self) } }
}
