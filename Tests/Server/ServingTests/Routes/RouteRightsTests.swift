import EngineFixtures
import HTTP
import Law
import Testing
@testable import Serving

/// Every route and method against the law: what each needs, and that nothing else opens it.
@Suite("The routes' rights")
struct RouteRightsTests {
    struct Request: CustomTestStringConvertible, Sendable {
        let method: HTTPMethod
        let path: String
        let operation: OperationCode
        let target: String

        var testDescription: String { "\(method.name) \(path)" }
    }

    /// A path of each route. Exhaustive: a new route does not compile before it is here.
    private static func path(of route: Route) -> String {
        switch route {
        case .chatCompletions: "/v1/chat/completions"
        case .completions: "/v1/completions"
        case .models: "/v1/models"
        case .model: "/v1/models/tiny"
        case .tokenize: "/tokenize"
        case .detokenize: "/detokenize"
        case .applyTemplate: "/apply-template"
        case .health: "/health"
        case .metrics: "/metrics"
        case .version: "/version"
        case .law: "/v1/law"
        case .lawRollback: "/v1/law/rollback"
        case .lawCheck: "/v1/law/check"
        case .growth: "/v1/law/growth"
        case .revoke: "/v1/law/subjects/other/revoke"
        case .programs: "/v1/programs"
        case .program: "/v1/programs/p"
        case .invoke: "/v1/programs/p/invoke"
        }
    }

    private static func need(of route: Route, _ method: HTTPMethod) -> (OperationCode, String) {
        switch route {
        case .chatCompletions, .completions: (.infer, "/model/default")
        case .models, .model: (.read, "/model/default")
        case .tokenize, .detokenize: (.read, "/model/default/tokenizer")
        case .applyTemplate: (.read, "/model/default/template")
        case .health, .version: (.read, "/system/health")
        case .metrics: (.read, "/system/metrics")
        case .law: method == .put ? (.administer, "/law") : (.read, "/law")
        case .lawCheck: (.read, "/law")
        case .lawRollback, .revoke: (.administer, "/law")
        case .growth: (.read, "/law/growth")
        case .programs: (.read, "/program")
        case .program: (method == .post || method == .delete ? .write : .read, "/program/p")
        case .invoke: (.execute, "/program/p")
        }
    }

    private static var routes: [Route] {
        [
            .chatCompletions, .completions, .models, .model(id: []), .tokenize, .detokenize, .applyTemplate, .health,
            .metrics, .version, .law, .lawRollback, .lawCheck, .growth, .revoke(subject: []), .programs,
            .program(name: []), .invoke(name: []),
        ]
    }

    private static let methods: [HTTPMethod] = [.get, .head, .post, .put, .delete]

    static let requests: [Request] = routes.flatMap { route in
        methods.filter { route.takes($0) }.map { method in
            let (operation, target) = need(of: route, method)
            return Request(method: method, path: path(of: route), operation: operation, target: target)
        }
    }

    private static let bodies = [
        "/v1/chat/completions": #"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}"#,
        "/v1/completions": #"{"prompt": "x", "max_tokens": 1}"#,
        "/tokenize": #"{"content": "x"}"#,
        "/detokenize": #"{"tokens": [1]}"#,
        "/apply-template": #"{"messages": [{"role": "user", "content": "x"}]}"#,
        "/v1/law/check": #"{"subject": "asker", "target": "/law", "op": "read"}"#,
    ]

    /// The status of a request by a subject that is granted this much.
    private func status(_ request: Request, grants: String) throws -> (status: Int, denials: UInt64) {
        let key = SHA256.digest(of: Array("key".utf8).span).text
        let text = """
            {"format": 1, "version": 1, "subjects": {
             "asker": {"kind": "key", "key_sha256": "\(key)", "grants": {\(grants)}},
             "other": {"kind": "program", "grants": {}}, "p": {"kind": "program", "grants": {}}}}
            """
        var harness = ServerHarness(law: Law(try LawDocument(parsing: Array(text.utf8))), rule: Rule.alphabet)
        let response = harness.request(
            request.method.name, request.path, Self.bodies[request.path] ?? "",
            headers: ["authorization: Bearer key"])
        return (response.status, harness.server.withLaw { $0.growth.denialCount })
    }

    private static func operations(_ codes: [OperationCode]) -> String {
        codes.map { "\"\($0.name)\"" }.joined(separator: ", ")
    }

    @Test("each is denied where nothing is granted, and recorded", arguments: requests)
    func deniedByDefault(request: Request) throws {
        let (status, denials) = try status(request, grants: "")
        #expect(status == 403 && denials == 1)
    }

    @Test("each is denied with every right but its own", arguments: requests)
    func deniedWithEverythingElse(request: Request) throws {
        let others = Self.operations(OperationCode.allCases.filter { $0 != request.operation })
        let own = Self.operations([request.operation])
        let elsewhere = (Target.known.map { "\($0.knownPath!)" } + ["/program/other", "/fs/**"])
            .filter { $0 != request.target }.map { ", \"\($0)\": [\(own)]" }.joined()
        let (status, denials) = try status(request, grants: "\"/**\": [\(others)]\(elsewhere)")
        #expect(status == 403 && denials == 1)
    }

    @Test("each is let through with its own right alone", arguments: requests)
    func grantedWithItsOwn(request: Request) throws {
        let own = Self.operations([request.operation])
        let (status, denials) = try status(request, grants: "\"\(request.target)\": [\(own)]")
        #expect(status != 403 && status != 401 && denials == 0, "\(status)")
    }

    @Test("what is no route is not there, and a route takes no other method", arguments: requests)
    func nothingElse(request: Request) throws {
        let everything = "\"/**\": [\(Self.operations(OperationCode.allCases))]"
        let stranger = Request(
            method: request.method, path: request.path + "/x/y/z", operation: .read, target: "")
        #expect([404, 400, 405].contains(try status(stranger, grants: everything).status))
        let taken = Self.requests.filter { $0.path == request.path }.map(\.method)
        for method in Self.methods where !taken.contains(method) {
            let other = Request(method: method, path: request.path, operation: .read, target: "")
            #expect(try status(other, grants: everything).status == 405)
        }
    }
}
