import Engine
import EngineFixtures
import Testing
@testable import Serving

@Suite("Priorities and service levels over HTTP")
struct SchedulingParameterTests {
    @Test("a refusal is 429 with the seconds after which it is worth asking again")
    func overHTTP() {
        var engine = EngineConfiguration()
        engine.serviceLevel.timeToFirstTokenMax = .milliseconds(5)
        var harness = ServerHarness(engine: engine, rule: Rule.alphabet)
        let body = { (letter: String) in
            #"{"prompt": "\#(String(repeating: letter, count: 200))", "max_tokens": 1}"#
        }
        #expect(harness.post("/v1/completions", body("a")).status == 200)
        let refused = harness.post("/v1/completions", body("b"))
        #expect(refused.status == 429)
        #expect(refused.headers["retry-after"] == "1")
        #expect(refused.json["error"]?["type"] == "rate_limit_error")
        #expect(refused.json["error"]?["message"]?.stringValue?.contains("promises 5 ms") == true)
        let metrics = harness.get("/metrics").text
        #expect(metrics.contains("\nhexa_generations_refused_total{reason=\"first_token\"} 1\n"))
    }

    @Test("priorities are an integer between -10 and 10 in a request")
    func field() {
        var harness = ServerHarness(rule: Rule.alphabet)
        for priority in ["-10", "0", "10", "null"] {
            #expect(harness.post("/v1/completions", #"{"prompt": "x", "priority": \#(priority)}"#).status == 200)
        }
        for priority in ["-11", "11", "1.5", "\"high\""] {
            let response = harness.post("/v1/completions", #"{"prompt": "x", "priority": \#(priority)}"#)
            #expect(response.status == 400)
            #expect(response.json["error"]?["param"] == "priority")
        }
    }
}
