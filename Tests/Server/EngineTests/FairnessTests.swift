import EngineFixtures
import MonotonicTime
import Testing
@testable import Engine

@Suite("Fairness between keys")
struct FairnessTests {
    private static func configuration(places: Int) -> EngineConfiguration {
        var configuration = EngineConfiguration()
        configuration.runningMax = places
        return configuration
    }

    /// A prompt that nothing else begins like.
    private static func prompt(_ number: Int, count: Int, letter: Character) -> String {
        String(String(letter) + "\(number)|").padding(to: count, with: letter)
    }

    @Test("a key with a hundred requests does not keep another's one waiting for their end")
    func oneAmongMany() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: Self.configuration(places: 4))
        let many = try (0..<100).map { try harness.submit("many \($0)\n", maxTokens: 20, for: .alice) }
        for _ in 0..<50 { _ = harness.step() }
        let one = try harness.submit("one\n", maxTokens: 20, for: .bob)
        harness.run()
        let end = try #require(harness.result(one).finishedAt)
        let finishedBefore = many.count { harness.result($0).finishedAt! <= end }
        #expect(finishedBefore <= 3 * 4)
    }

    @Test("places that one key holds for long are given up to another, and the displaced go on where they were")
    func displacement() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: Self.configuration(places: 4))
        let long = try (0..<4).map { _ in try harness.submit("\n", maxTokens: 400, for: .alice) }
        for _ in 0..<200 { _ = harness.step() }
        let submittedAt = harness.now
        let short = try harness.submit("short\n", maxTokens: 5, for: .bob)
        harness.run()
        let wait = try #require(harness.result(short).finishedAt) - submittedAt
        #expect(wait < EngineLimits.preemptionWait + .milliseconds(200))
        #expect(harness.engine.statistics.preemptedGenerations == 1)
        let expected = String((0..<400).map { Character(Unicode.Scalar(97 + UInt8($0 % 26))) })
        for id in long { #expect(harness.result(id).text == expected) }
        // What the displaced one had was found again, but for the last page at most.
        #expect(harness.journal.computedTokenCount <= 4 * 400 + 6 + 5 + 8)
        #expect(harness.journal.violations.isEmpty)
    }

    @Test("two keys that both want all places end up with half of them each")
    func halves() throws {
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: Self.configuration(places: 8))
        for number in 0..<20 { _ = try harness.submit("a\(number)\n", maxTokens: 300, for: .alice) }
        for _ in 0..<20 { _ = harness.step() }
        for number in 0..<20 { _ = try harness.submit("b\(number)\n", maxTokens: 300, for: .bob) }
        for _ in 0..<900 { _ = harness.step() }
        let running = harness.engine.running
        #expect(Set(running.map(\.account.runningCount)) == [4])
    }

    @Test("prompt tokens are computed in proportion to the keys' weights", arguments: [1, 3])
    func weights(weight: Int) throws {
        var model = FakeModel(rule: Rule.alphabet)
        model.poolTokens = 40_000
        var harness = EngineHarness(model)
        for number in 0..<60 {
            for (tenant, letter) in [(Tenant.alice, "a"), (.bob, "b")] as [(Tenant, Character)] {
                var request = GenerationRequest.greedy(Self.prompt(number, count: 200, letter: letter), maxTokens: 1)
                request.weight = tenant == .alice ? weight : 1
                _ = try harness.submit(request, for: tenant)
            }
        }
        while harness.journal.completedPasses.count < 100 { _ = harness.step() }
        let tokens = harness.journal.completedPasses.flatMap { $0.entries.flatMap(\.tokens) }
        let (alice, bob) = (tokens.count { $0 == 97 }, tokens.count { $0 == 98 })
        let ratio = Double(alice) / Double(bob)
        #expect(abs(ratio - Double(weight)) < 0.15 * Double(weight), "\(alice) and \(bob) tokens")
    }

    @Test("a key that fills its queue is refused; another is not")
    func queues() throws {
        var configuration = Self.configuration(places: 1)
        configuration.waitingMax = 5
        configuration.waitingTotalMax = 8
        var harness = EngineHarness(FakeModel(rule: Rule.alphabet), configuration: configuration)
        func accepted(_ tenant: Tenant) -> Int {
            (0..<10).count { _ in (try? harness.submit("\n", maxTokens: 1, for: tenant)) != nil }
        }
        #expect(accepted(.alice) == 5)
        #expect(accepted(.bob) == 3)
        #expect(accepted(.carol) == 0, "all queues together are full")
        let refused = harness.engine.statistics.refusedForQueue
        #expect(refused == 5 + 7 + 10)
        harness.run()
        #expect(accepted(.carol) == 5)
    }
}

@Suite("Priorities within a key")
struct PriorityTests {
    private func harness() -> EngineHarness {
        var configuration = EngineConfiguration()
        configuration.runningMax = 1
        return EngineHarness(FakeModel(rule: Rule.alphabet), configuration: configuration)
    }

    private func request(_ priority: Int) -> GenerationRequest {
        var request = GenerationRequest.greedy("\n", maxTokens: 10)
        request.priority = priority
        return request
    }

    @Test("a lower number is served first, equal ones in order of arrival")
    func order() throws {
        var harness = harness()
        _ = try harness.submit(request(0))
        for _ in 0..<3 { _ = harness.step() }
        let ids = try [5, -5, 0, 0].map { try harness.submit(request($0)) }
        harness.run()
        let ends = ids.map { harness.result($0).finishedAt! }
        #expect(ends[1] < ends[2] && ends[2] < ends[3] && ends[3] < ends[0])
    }

    @Test("a low one is served in the end, however many high ones keep coming")
    func aging() throws {
        var harness = harness()
        let low = try harness.submit(request(1))
        var steps = 0
        while harness.result(low).finish == nil, steps < 20_000 {
            if steps % 40 == 0 { _ = try? harness.submit(request(0)) }
            _ = harness.step()
            steps += 1
        }
        let end = try #require(harness.result(low).finishedAt)
        #expect(end < .origin + EngineLimits.priorityStep + .seconds(3))
    }

    @Test("one key's priorities are nothing to another key")
    func acrossKeys() throws {
        var harness = harness()
        for _ in 0..<20 { _ = try harness.submit(request(EngineLimits.priorityMin), for: .alice) }
        let other = try harness.submit(request(EngineLimits.priorityMax), for: .bob)
        harness.run()
        #expect(harness.result(other).finishedAt! < .origin + .milliseconds(4 * 70))
    }
}

extension String {
    fileprivate func padding(to count: Int, with letter: Character) -> String {
        self + String(repeating: letter, count: max(0, count - self.count))
    }
}
