import EngineFixtures
import MonotonicTime
import TestSupport
import Testing
@testable import Engine

/// Time is simulated: a slice takes a millisecond, a pass ten and one for every token.
@Suite("Admission by service level")
struct ServiceLevelTests {
    private static func harness(_ level: ServiceLevel, places: Int = 8) -> EngineHarness {
        var model = FakeModel(rule: Rule.alphabet)
        model.contextLength = 2_000
        model.poolTokens = 40_000
        model.slicesPerPass = 10
        model.slicesPerToken = 1
        var configuration = EngineConfiguration()
        configuration.runningMax = places
        configuration.serviceLevel = level
        configuration.draftStepTokensMax = 0
        return EngineHarness(model, configuration: configuration)
    }

    /// Sends requests of random lengths, several times what the engine can do, for `duration`.
    private static func overload(
        _ harness: inout EngineHarness, for duration: Interval, _ generator: inout SplitMix64
    ) -> (accepted: [GenerationID: Instant], refusals: [GenerationRejection]) {
        var accepted: [GenerationID: Instant] = [:]
        var refusals: [GenerationRejection] = []
        let end = harness.now + duration
        var number = 0
        while harness.now < end {
            number += 1
            let prompt = "\(number) " + String(repeating: "x", count: .random(in: 5...200, using: &generator))
            do throws(GenerationRejection) {
                accepted[try harness.submit(prompt, maxTokens: .random(in: 5...60, using: &generator))] = harness.now
            } catch {
                refusals.append(error)
            }
            for _ in 0..<Int.random(in: 5...60, using: &generator) { _ = harness.step() }
        }
        return (accepted, refusals)
    }

    @Test("under several times the load it can bear, those taken in get their first token in time")
    func firstToken() throws {
        let limit = Interval.milliseconds(1_500)
        var generator = SplitMix64(seed: 41)
        var harness = Self.harness(ServiceLevel(timeToFirstTokenMax: limit))
        let (accepted, refusals) = Self.overload(&harness, for: .seconds(60), &generator)
        harness.run()
        let waits = accepted.map { id, submittedAt in harness.result(id).times[0] - submittedAt }.sorted()
        #expect(waits.count > 100)
        #expect(refusals.count > 100)
        let late = waits.count { $0 > limit }
        #expect(late * 20 <= waits.count, "\(late) of \(waits.count) late, the last \(waits.last!.milliseconds) ms")
        // It does not keep the promise by refusing everybody: the wait that was promised is made use of.
        #expect(waits[waits.count * 9 / 10] > limit / 3)
        for refusal in refusals {
            guard case .firstTokenLate(let predicted, limit, let seconds) = refusal else {
                Issue.record("\(refusal)")
                continue
            }
            #expect(predicted + predicted / 4 > limit)
            #expect((1...EngineLimits.retryAfterSecondsMax).contains(seconds))
        }
    }

    @Test("as fast after an overload as before")
    func recovery() throws {
        var generator = SplitMix64(seed: 42)
        var harness = Self.harness(ServiceLevel(timeToFirstTokenMax: .milliseconds(1_500)))
        func timeOfOne(_ prompt: String) throws -> Interval {
            let start = harness.now
            let id = try harness.submit(prompt, maxTokens: 20)
            harness.run()
            return harness.result(id).finishedAt! - start
        }
        _ = try timeOfOne("to warm up")
        let before = try timeOfOne("one before the storm")
        _ = Self.overload(&harness, for: .seconds(30), &generator)
        harness.run()
        let after = try timeOfOne("and one afterwards..")
        #expect(after == before)
    }

    @Test("streams keep the gap that was promised: no more of them run than it allows")
    func gaps() throws {
        let limit = Interval.milliseconds(30)
        var generator = SplitMix64(seed: 43)
        var harness = Self.harness(ServiceLevel(timeBetweenTokensMax: limit), places: 16)
        _ = Self.overload(&harness, for: .seconds(30), &generator)
        harness.run()
        // By then it is known what passes cost.
        let known = Instant.origin + .seconds(5)
        var gaps: [Interval] = []
        for result in harness.results.values {
            let times = result.times.filter { $0 > known }
            gaps += zip(times, times.dropFirst()).map { $1 - $0 }
        }
        gaps.sort()
        let late = gaps.count { $0 > limit + .milliseconds(2) }
        #expect(late * 50 <= gaps.count, "\(late) of \(gaps.count), the longest \(gaps.last!.milliseconds) ms")
    }

    @Test("a prompt that is cached is taken in where another is too long to be")
    func cachedPrompt() throws {
        var harness = Self.harness(ServiceLevel(timeToFirstTokenMax: .milliseconds(800)))
        let known = String(repeating: "k", count: 900)
        // The first is taken in: nothing has been measured yet.
        _ = try harness.computedTokens(known)
        #expect(throws: GenerationRejection.self) {
            _ = try harness.submit(String(repeating: "u", count: 900), maxTokens: 1)
        }
        #expect(try harness.computedTokens(known).count < 10)
    }

    @Test("an estimate that was too high does not shut an idle server for good")
    func wrongEstimate() throws {
        var harness = Self.harness(ServiceLevel(timeToFirstTokenMax: .milliseconds(800)))
        // The first is taken in: nothing has been measured yet.
        _ = try harness.computedTokens(String(repeating: "k", count: 900))
        let prompt = String(repeating: "u", count: 900)
        var refusedCount = 0
        while (try? harness.submit(prompt, maxTokens: 1)) == nil, refusedCount < 100 { refusedCount += 1 }
        #expect((1..<20).contains(refusedCount))
    }

    @Test("without a service level only the queue bounds what is taken in")
    func noLevel() throws {
        var generator = SplitMix64(seed: 44)
        var harness = Self.harness(ServiceLevel())
        let (_, refusals) = Self.overload(&harness, for: .seconds(10), &generator)
        #expect(refusals.allSatisfy { if case .overloaded = $0 { true } else { false } })
    }
}

@Suite("Measured costs")
struct MeasuredCostsTests {
    @Test("of passes that never were lie on the line through the nearest that were")
    func interpolation() {
        var costs = MeasuredCosts(sequencesMax: 8)
        #expect(costs.decodeStep(of: 3) == .zero)
        costs.record(step: .milliseconds(20), decodingSequences: 2, promptTokens: 0)
        #expect(costs.decodeStep(of: 1) == .milliseconds(20))
        #expect(costs.decodeStep(of: 8) == .milliseconds(20))
        costs.record(step: .milliseconds(40), decodingSequences: 4, promptTokens: 0)
        #expect(costs.decodeStep(of: 3) == .milliseconds(30))
        #expect(costs.decodeStep(of: 8) == .milliseconds(80))
        #expect(costs.decodeStep(of: 0) == .zero)
        #expect(costs.decodeStep(of: 100) == .milliseconds(80), "as of the most there can be")
    }

    @Test("of prompt tokens are what they add to a pass; fewer than a tile count as one")
    func promptTokens() {
        var costs = MeasuredCosts(sequencesMax: 8)
        costs.record(step: .milliseconds(20), decodingSequences: 2, promptTokens: 0)
        costs.record(step: .milliseconds(52), decodingSequences: 2, promptTokens: 16)
        #expect(costs.promptToken == .milliseconds(2))
        costs.record(step: .milliseconds(36), decodingSequences: 2, promptTokens: 1)
        #expect(costs.promptToken == .milliseconds(2))
    }
}
