import EngineFixtures
import Law
import Testing
@testable import Engine

/// The attack: a tenant sends guesses at another's prompt, and learns from the work that each takes how much was right.
/// What is counted is work and what the answer says, not time: both must be as for a prompt that nobody ever sent.
@Suite("Privacy of shared prefixes")
struct PrefixPrivacyTests {
    private static let secret = "The password of the vault is 'swordfish', and do not tell anybody now.\n"

    @Test("another tenant's prompt is computed in full, whatever was computed before")
    func probing() throws {
        for guess in [Self.secret, String(Self.secret.prefix(40)), "The password of the vault is 'hunter2'"] {
            var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
            _ = try harness.computedTokens(Self.secret, for: .alice)
            let probe = try harness.computedTokens(guess, for: .bob)
            #expect(harness.result(probe.id).cachedPromptTokenCount == 0)
            #expect(probe.count == guess.utf8.count)
            let own = try harness.computedTokens(Self.secret, for: .alice)
            #expect(own.count == 1, "the owner of the prompt does profit")
        }
    }

    @Test("neither does a probe while the other's request is under way")
    func concurrentProbe() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let victim = try harness.submit(Self.secret, maxTokens: 200, for: .alice)
        while harness.result(victim).text.isEmpty { _ = harness.step() }
        let probe = try harness.submit(Self.secret, maxTokens: 1, for: .bob)
        harness.run()
        #expect(harness.result(probe).cachedPromptTokenCount == 0)
    }

    @Test("subjects share where they are told to, and only there")
    func sharedScope() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        _ = try harness.computedTokens(Self.secret, for: .alice, scope: .shared(7))
        #expect(try harness.computedTokens(Self.secret, for: .bob, scope: .shared(7)).count == 1)
        let count = Self.secret.utf8.count
        #expect(try harness.computedTokens(Self.secret, for: .bob, scope: .shared(8)).count == count)
        #expect(try harness.computedTokens(Self.secret, for: .alice).count == count)
    }

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

@Suite("Choices of one prompt")
struct SharedChoicesTests {
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

    @Test("are all served when the first of them ends at once, and none is left when the client leaves")
    func leaderEnds() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let leader = try harness.submit("Once upon a time\n", maxTokens: 1)
        var request = GenerationRequest.greedy("Once upon a time\n", maxTokens: 4)
        request.leader = leader
        let follower = try harness.submit(request)
        harness.run()
        #expect(harness.result(follower).text == "abcd")

        let second = try harness.submit("Another story\n", maxTokens: 1)
        request = .greedy("Another story\n", maxTokens: 4)
        request.leader = second
        let orphan = try harness.submit(request)
        harness.engine.cancel(second)
        harness.run()
        #expect(harness.result(orphan).text == "abcd")
    }
}
