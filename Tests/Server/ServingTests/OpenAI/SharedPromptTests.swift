import Engine
import EngineFixtures
import Law
import Transformer
import Testing
@testable import Serving

@Suite("Privacy of shared prefixes over HTTP")
struct SharedPrefixTests {
    @Test("over HTTP, cached_tokens tells a key of its own prompts and of nobody else's")
    func overHTTP() {
        let law = Law(clients: ["sk-a", "sk-b"].map { .init(name: $0, key: Array($0.utf8), grants: Law.clientGrants) })
        var harness = ServerHarness(law: law, rule: Rule.alphabet)
        let body = #"{"prompt": "The password of the vault is swordfish.", "max_tokens": 1, "temperature": 0}"#
        func cached(_ key: String) -> Int? {
            let response = harness.request("POST", "/v1/completions", body, headers: ["authorization: Bearer \(key)"])
            return response.json["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.intValue
        }
        #expect(cached("sk-a") == 0)
        #expect(cached("sk-b") == 0)
        #expect(cached("sk-a") == 38)
        #expect(cached("sk-b") == 38)
    }
}

@Suite("Choices of one prompt over HTTP")
struct SharedPromptTests {
    @Test("compute their prompt once")
    func once() {
        var harness = ServerHarness(rule: Rule.alphabet)
        let body = #"{"prompt": "Once upon a time there was a fox.", "max_tokens": 3, "n": 5, "temperature": 0}"#
        let response = harness.post("/v1/completions", body)
        #expect(response.status == 200)
        // The prompt, its last token for each further choice, and two of the three tokens of every reply.
        #expect(harness.journal.computedTokenCount == 33 + 4 + 5 * 2)
        #expect(response.json["choices"]?.arrayValue?.count == 5)
        #expect(response.json["usage"]?["prompt_tokens"] == 33)
        #expect(response.json["usage"]?["prompt_tokens_details"]?["cached_tokens"] == 0)
        for choice in response.json["choices"]?.arrayValue ?? [] { #expect(choice["text"] == "abc") }
        #expect(harness.journal.violations.isEmpty)
    }
}
