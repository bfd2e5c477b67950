import EngineFixtures
import JSON
import Law
import Testing
@testable import Serving

@Suite("The law over the server")
struct LawfulServiceTests {
    private static func client(_ key: String, _ grants: [(target: Target, operations: OperationSet)]) -> Law.Client {
        Law.Client(name: "client", key: Array(key.utf8), grants: grants)
    }

    private let keyed = Law(clients: [client("sk-secret", Law.clientGrants)])

    private static let requests: [(method: String, path: String, body: String)] = [
        ("GET", "/v1/models", ""), ("GET", "/v1/models/tiny", ""), ("GET", "/metrics", ""),
        ("POST", "/v1/chat/completions", #"{"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}"#),
        ("POST", "/v1/completions", #"{"prompt": "x", "max_tokens": 1}"#), ("POST", "/tokenize", #"{"content": "x"}"#),
        ("POST", "/detokenize", #"{"tokens": [1]}"#),
        ("POST", "/apply-template", #"{"messages": [{"role": "user", "content": "x"}]}"#),
    ]

    @Test("with a key configured, a request without it or with another gets 401 and no more")
    func keys() {
        var harness = ServerHarness(law: keyed, rule: Rule.alphabet)
        for (method, path, body) in Self.requests {
            let missing = harness.request(method, path, body)
            #expect(missing.status == 401)
            #expect(missing.headers["www-authenticate"] == "Bearer")
            #expect(missing.json["error"]?["code"] == "missing_api_key")
            let wrongs = [
                "Bearer sk-secre", "Bearer sk-secret1", "Bearer ", "bearer SK-SECRET", "Basic sk-secret", "sk-secret",
            ]
            for wrong in wrongs {
                let response = harness.request(method, path, body, headers: ["authorization: \(wrong)"])
                #expect(response.status == 401)
                #expect(response.json["error"]?["type"] == "authentication_error")
            }
            for right in ["Bearer sk-secret", "bearer sk-secret", "BEARER  sk-secret"] {
                #expect(harness.request(method, path, body, headers: ["authorization: \(right)"]).status == 200)
            }
        }
    }

    @Test("whether the server lives is told without a key")
    func publicRoutes() {
        var harness = ServerHarness(law: keyed, rule: Rule.alphabet)
        #expect(harness.get("/health").status == 200)
        #expect(harness.get("/version").status == 200)
        #expect(harness.request("GET", "/health", headers: ["authorization: Bearer wrong"]).status == 200)
    }

    @Test("every route asks the law: a client that is granted nothing gets 403 from each, and each leaves a record")
    func noGrants() {
        var harness = ServerHarness(law: Law(clients: [Self.client("", [])]), rule: Rule.alphabet)
        for (method, path, body) in Self.requests + [("GET", "/health", ""), ("GET", "/version", "")] {
            let response = harness.request(method, path, body)
            #expect(response.status == 403, "\(path)")
            #expect(response.json["error"]?["type"] == "permission_error")
            #expect(response.json["error"]?["code"] == "permission_denied")
        }
        let recorded = harness.server.withLaw { $0.growth.recordedCount }
        #expect(recorded == UInt64(Self.requests.count) + 2)
        #expect(harness.journal.passes.isEmpty)
    }

    @Test("a grant opens its own route and no other")
    func singleGrants() {
        let grants: [(grant: (target: Target, operations: OperationSet), paths: Set<String>)] = [
            ((.model, .infer), ["/v1/chat/completions", "/v1/completions"]),
            ((.model, .read), ["/v1/models", "/v1/models/tiny"]),
            ((.tokenizer, .read), ["/tokenize", "/detokenize"]),
            ((.chatTemplate, .read), ["/apply-template"]),
            ((.metrics, .read), ["/metrics"]),
        ]
        for (grant, paths) in grants {
            var harness = ServerHarness(law: Law(clients: [Self.client("", [grant])]), rule: Rule.alphabet)
            for (method, path, body) in Self.requests {
                let status = harness.request(method, path, body).status
                #expect(status == (paths.contains(path) ? 200 : 403), "\(path)")
            }
        }
    }

    @Test("denials are counted in the metrics")
    func counted() {
        let law = Law(clients: [Self.client("", [(.metrics, .read)])])
        var harness = ServerHarness(law: law, rule: Rule.alphabet)
        _ = harness.get("/v1/models")
        _ = harness.get("/v1/models")
        let metrics = harness.get("/metrics").text
        #expect(metrics.contains("\nhexa_law_denials_total 2\n"))
        #expect(metrics.contains("\nhexa_http_requests_total{route=\"/v1/models\",status=\"403\"} 2\n"))
    }
}
