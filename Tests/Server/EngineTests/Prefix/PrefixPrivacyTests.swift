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
}

@Suite("Choices of one prompt")
struct SharedChoicesTests {
    @Test("are all served when the first of them ends at once, and none is left when the client leaves")
    func leaderEnds() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet))
        let primary = try harness.submit("Once upon a time\n", maxTokens: 1)
        var request = GenerationRequest.greedy("Once upon a time\n", maxTokens: 4)
        request.primary = primary
        let follower = try harness.submit(request)
        harness.run()
        #expect(harness.result(follower).text == "abcd")

        let second = try harness.submit("Another story\n", maxTokens: 1)
        request = .greedy("Another story\n", maxTokens: 4)
        request.primary = second
        let orphan = try harness.submit(request)
        harness.engine.cancel(second)
        harness.run()
        #expect(harness.result(orphan).text == "abcd")
    }
}
