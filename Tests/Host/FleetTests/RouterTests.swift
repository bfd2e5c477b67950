import Fleet
import JSON
import Testing

@Suite("Who answers a request")
struct RouterTests {
    private let router = FleetRouter(names: ["smollm2-135m", "qwen2-7b"], isBalancer: false, apiKey: nil)

    private func decide(
        _ router: FleetRouter, _ method: String, _ target: String, key: String? = nil, body: String = ""
    ) -> FleetRouter.Decision {
        router.decide(.init(method: method, target: target, authorization: key, body: Array(body.utf8)))
    }

    private func refusal(_ decision: FleetRouter.Decision) -> FleetError? {
        if case .refuse(let error) = decision { error } else { nil }
    }

    @Test("the body's model decides")
    func model() {
        let body = #"{"messages": [], "model": "qwen2-7b"}"#
        #expect(decide(router, "POST", "/v1/chat/completions", body: body) == .forward(model: 1, isRepeatable: true))
        #expect(decide(router, "POST", "/v1/other?a=b", body: body) == .forward(model: 1, isRepeatable: false))
    }

    @Test("the catalogue and the health are the fleet's own")
    func own() {
        #expect(decide(router, "GET", "/v1/models") == .listModels)
        #expect(decide(router, "GET", "/v1/models/qwen2-7b") == .showModel(1))
        #expect(decide(router, "GET", "/health?verbose") == .health)
        #expect(decide(router, "GET", "/metrics") == .metrics)
        #expect(refusal(decide(router, "POST", "/v1/models"))?.status == 405)
    }

    @Test("an unknown model is a 404 that names the nearest")
    func unknown() {
        let error = refusal(decide(router, "POST", "/v1/completions", body: #"{"model": "smolm2-135m"}"#))
        #expect(error?.status == 404)
        #expect(error?.message == #"There is no model "smolm2-135m" here: did you mean "smollm2-135m"?"#)
        let far = refusal(decide(router, "GET", "/v1/models/gpt-5"))
        #expect(far?.message == #"There is no model "gpt-5" here: GET /v1/models lists what there is."#)
    }

    @Test("a name as long as the body allows is shown by its beginning", arguments: [65, 100_000])
    func longName(length: Int) throws {
        let body = #"{"model": ""# + String(repeating: "a", count: length) + #""}"#
        let error = try #require(refusal(decide(router, "POST", "/v1/completions", body: body)))
        #expect(error.message.utf8.count < 200)
    }

    @Test(
        "a body that is no JSON, or names no model, is refused",
        arguments: ["", "{", "[]", "{}", #"{"model": 1}"#, #"{"model": null}"#])
    func badBody(body: String) {
        #expect(refusal(decide(router, "POST", "/v1/completions", body: body))?.status == 400)
    }

    @Test("with a key nobody starts a machine without it")
    func key() {
        let router = FleetRouter(names: ["a"], isBalancer: false, apiKey: "secret")
        for key in [nil, "secret", "Basic secret", "Bearer", "Bearer a b"] {
            let error = refusal(decide(router, "GET", "/v1/models", key: key))
            #expect(error?.message.contains("needs an API key") == true)
        }
        for key in ["Bearer secre", "Bearer secrets", "Bearer secreT", "Bearer secretsecret"] {
            #expect(refusal(decide(router, "GET", "/v1/models", key: key))?.status == 401)
        }
        #expect(decide(router, "GET", "/v1/models", key: "bearer  secret") == .listModels)
        #expect(decide(router, "GET", "/health") == .health)
    }

    @Test("a balancer leaves everything but the health and the metrics to its machines")
    func balancer() {
        let router = FleetRouter(names: ["a"], isBalancer: true, apiKey: nil)
        #expect(decide(router, "GET", "/v1/models") == .forward(model: 0, isRepeatable: true))
        #expect(decide(router, "POST", "/v1/completions", body: "{") == .forward(model: 0, isRepeatable: true))
        #expect(decide(router, "DELETE", "/x") == .forward(model: 0, isRepeatable: false))
        #expect(decide(router, "GET", "/health") == .health && decide(router, "GET", "/metrics") == .metrics)
    }

    @Test("refusals are error objects that say when to come back")
    func refusals() throws {
        let error = FleetError(.startFailed(reason: "no kernel", retrySeconds: 4), model: "a")
        #expect(error.status == 503 && error.retryAfterSeconds == 4)
        let value = try JSONValue(parsing: error.serialized())
        #expect(value["error"]?["message"]?.stringValue == #"The machine of "a" did not start: no kernel"#)
        #expect(value["error"]?["code"]?.stringValue == "start_failed")
        #expect(value["error"]?["param"]?.isNull == true)
        let statuses = [Refusal.queueFull, .waitedTooLong(seconds: 1), .stopped, .shuttingDown, .machineLost]
            .map { FleetError($0, model: "a").status }
        #expect(statuses == [429, 503, 503, 503, 502])
    }
}

@Suite("The nearest name")
struct NearestNameTests {
    private let names = ["smollm2-135m-instruct-q4_1", "qwen2-7b", "mistral-7b"]

    @Test(
        "slips of the keyboard, parts and other cases are recognised",
        arguments: [
            ("smollm2", "smollm2-135m-instruct-q4_1"), ("QWEN2-7B", "qwen2-7b"), ("mistal-7b", "mistral-7b"),
            ("qwen2-7b-instruct", "qwen2-7b"),
        ])
    func found(written: String, meant: String) {
        #expect(NearestName.of(written, among: names) == meant)
    }

    @Test("what resembles nothing has no nearest", arguments: ["", "gpt-4o", "zzzzzzzz"])
    func notFound(written: String) {
        #expect(NearestName.of(written, among: names) == nil)
    }
}
