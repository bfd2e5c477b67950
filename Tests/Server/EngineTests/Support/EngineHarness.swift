import EngineFixtures
import Law
import MonotonicTime
import Transformer
@testable import Engine

/// An engine over a fake model, and what each generation has put out so far. Every step takes a millisecond.
struct EngineHarness: ~Copyable {
    var engine: Engine<FakeModel>
    let journal: ModelJournal
    /// Two subjects: requests are the first one's unless they say otherwise.
    var law = Law(
        clients: Tenant.allCases.map {
            .init(name: $0.rawValue, key: Array($0.rawValue.utf8), grants: Law.clientGrants)
        })
    var now = Instant(nanoseconds: 0)

    struct Result {
        var text = ""
        var tokens: [ScoredToken] = []
        var finish: FinishReason?
        var generatedTokenCount = 0
        var cachedPromptTokenCount = 0
        var pieces: [String] = []
        /// When each piece came.
        var times: [Instant] = []
        var finishedAt: Instant?
    }
    var results: [GenerationID: Result] = [:]

    init(_ model: consuming FakeModel, configuration: EngineConfiguration = EngineConfiguration()) {
        journal = model.journal
        engine = Engine(model: model, tokenizer: FakeVocabulary.tokenizer, configuration: configuration)
    }

    mutating func permit(for tenant: Tenant = .alice) -> Permit<Infer, ModelTarget> {
        guard let capability = law.authenticate(bearer: Array(tenant.rawValue.utf8).span) else {
            fatalError("the test's law has no such client")
        }
        do {
            return try law.check(capability, Infer.self, on: .model, now: now)
        } catch {
            fatalError("the test's law denies: \(error.reason.name)")
        }
    }

    mutating func submit(
        _ request: GenerationRequest, for tenant: Tenant = .alice
    ) throws(GenerationRejection) -> GenerationID {
        try engine.submit(request, permit: permit(for: tenant), now: now)
    }

    mutating func submit(
        _ prompt: String, maxTokens: Int, for tenant: Tenant = .alice
    ) throws(GenerationRejection) -> GenerationID {
        try submit(.greedy(prompt, maxTokens: maxTokens), for: tenant)
    }

    /// Submits a request and runs it to its end; how many tokens the model computed for it.
    mutating func computedTokens(
        _ prompt: String, maxTokens: Int = 1, for tenant: Tenant = .alice
    ) throws -> (id: GenerationID, count: Int) {
        let before = journal.computedTokenCount
        let id = try submit(prompt, maxTokens: maxTokens, for: tenant)
        run()
        return (id, journal.computedTokenCount - before)
    }

    /// One step, with the output it led to; false when there was nothing to do.
    mutating func step() -> Bool {
        now = now + .milliseconds(1)
        let result = engine.advance(now: now)
        var output = GenerationOutput()
        while engine.takeOutput(&output) {
            var result = results[output.id] ?? Result()
            let piece = String(decoding: output.text, as: UTF8.self)
            result.text += piece
            if !piece.isEmpty {
                result.pieces.append(piece)
                result.times.append(now)
            }
            result.tokens += output.tokens
            result.finish = output.finish
            result.generatedTokenCount = output.generatedTokenCount
            result.cachedPromptTokenCount = output.cachedPromptTokenCount
            if output.finish != nil { result.finishedAt = now }
            results[output.id] = result
        }
        return result == .working
    }

    /// Steps until nothing is left to do.
    mutating func run() {
        var steps = 0
        while step() {
            steps += 1
            precondition(steps < 1_000_000, "the engine does not come to rest")
        }
    }

    func result(_ id: GenerationID) -> Result { results[id] ?? Result() }
}

/// Who sends a test's requests.
enum Tenant: String, CaseIterable {
    case alice, bob, carol
}

extension GenerationRequest {
    static func greedy(_ prompt: String, maxTokens: Int) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.temperature = 0
        return GenerationRequest(prompt: FakeVocabulary.tokens(prompt), maxTokens: maxTokens, sampling: sampling)
    }
}
