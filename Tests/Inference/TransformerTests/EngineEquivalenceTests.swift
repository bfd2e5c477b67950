import Engine
import Law
import ModelFixtures
import ModelFormats
import MonotonicTime
import Tensor
import Testing
import Transformer

/// A request's greedy tokens are the same however it is served.
@Suite("Greedy tokens of the engine")
struct EngineEquivalenceTests {
    private static let requestCount = 6
    private static let replyCount = 40

    /// A way to serve requests.
    private struct Service {
        var name: Comment
        var engine = EngineConfiguration()
        /// Whether all requests come at once.
        var isTogether = false
        /// How often each is sent.
        var rounds = 1

        static var plain: Service {
            var service = Service(name: "alone")
            service.engine.draftStepTokensMax = 0
            return service
        }

        static func all() -> [Service] {
            var together = plain
            together.name = "together"
            together.isTogether = true
            var chunked = together
            chunked.name = "together, prompts in small pieces"
            chunked.engine.prefillChunkTokens = 7
            chunked.engine.prefillChunkTokensWhileDecoding = 3
            var again = together
            again.name = "again, with a cached prefix"
            again.rounds = 3
            var moving = together
            moving.name = "moving to larger reservations"
            moving.engine.replyReservationTokens = 5
            var guessing = plain
            guessing.name = "guessing ahead"
            guessing.engine = EngineConfiguration()
            return [together, chunked, again, moving, guessing]
        }
    }

    @Test(
        "are the same alone, together, in pieces, with cached prefixes and guessed ahead",
        arguments: supportedInstructionSets)
    func equivalence(variant: InstructionSet) throws {
        // Bytes as tokens, so that replies are readable by the tokenizer; small, for the scalar kernels.
        var shape = TransformerTests.shapes[0]
        shape.vocabulary = 256
        let model = try RandomModel(shape, seed: 77)
        // Prompts that begin alike for more than a page.
        let common = TransformerTests.tokens(70, model, seed: 5)
        let prompts = (0..<Self.requestCount).map { number in
            let own = TransformerTests.tokens(5 + number * 9, model, seed: UInt64(number))
            return number % 2 == 0 ? common + own : own + own
        }
        let expected = try Self.replies(to: prompts, of: model, variant, .plain)
        for service in Service.all() {
            #expect(try Self.replies(to: prompts, of: model, variant, service) == expected, service.name)
        }
    }

    /// The text of each prompt's reply, as the last round has it.
    private static func replies(
        to prompts: [[TokenID]], of model: RandomModel, _ variant: InstructionSet, _ service: Service
    ) throws -> [[UInt8]] {
        let transformer = try TransformerTests.transformer(model, variant, sequences: 8, cached: 2_048)
        var engine = Engine(
            model: transformer, tokenizer: try TestTokenizers.byteLevel(merges: []), configuration: service.engine)
        var law = Law(clients: [.init(name: "test", key: [], grants: Law.clientGrants)])
        var texts: [GenerationID: [UInt8]] = [:]
        var ids: [GenerationID] = []
        for _ in 0..<service.rounds {
            ids.removeAll()
            for prompt in prompts {
                var sampling = SamplingParameters()
                sampling.temperature = 0
                var request = GenerationRequest(prompt: prompt, maxTokens: replyCount, sampling: sampling)
                request.ignoresEndOfGeneration = true
                guard let capability = law.authenticate(bearer: nil) else { throw NoClient() }
                let permit = try law.check(capability, Infer.self, on: .model, now: .origin)
                ids.append(try engine.submit(request, permit: permit, now: .origin))
                if !service.isTogether { drain(&engine, &texts) }
            }
            drain(&engine, &texts)
        }
        return ids.map { texts[$0] ?? [] }
    }

    /// Steps until nothing is left to do.
    private static func drain(_ engine: inout Engine<Transformer>, _ texts: inout [GenerationID: [UInt8]]) {
        var output = GenerationOutput()
        var now = Instant.origin
        while true {
            now = now + .milliseconds(1)
            let isWorking = engine.advance(now: now) == .working
            while engine.takeOutput(&output) { texts[output.id, default: []] += output.text }
            if !isWorking { return }
        }
    }

    private struct NoClient: Error {}
}
