import ArgumentParser
import LaneThreads
import Model
import Tensor

/// Tokens a second of the inference engine alone.
@main
struct EngineBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-bench",
        abstract: "Measures the inference engine alone: prefill in full batches, then decode of one sequence.",
        discussion: """
            With one thread, time is the thread's CPU time, so that other load on the machine does not count as ours. \
            With more, it is wall time: threads are pinned to processors of their own, and waiting for one another \
            counts. The best run is printed, for other load only ever harms.
            """)

    @Argument(help: "A GGUF or HXM file.")
    var model: String

    @Option(help: "Tokens of the prompt.")
    var promptTokens = 512

    @Option(help: "Tokens decoded after it.")
    var generatedTokens = 64

    @Option(help: "Only this kernel variant: portable, avx2 or avx512. All that the processor has, if left out.")
    var variant: String?

    @Option(help: "Threads that compute.")
    var threads = 1

    @Option(help: "Runs of each variant.")
    var runs = 3

    func validate() throws {
        guard promptTokens > 0, generatedTokens > 0, threads > 0, runs > 0 else {
            throw ValidationError("numbers of tokens, threads and runs are positive")
        }
        let names = InstructionSet.allCases.map { "\($0)" }
        guard variant.map(names.contains) ?? true else {
            throw ValidationError("a variant is one of " + names.joined(separator: ", "))
        }
    }

    func run() throws {
        let bytes = try ModelBytes.load(model)
        let lanes = LaneThreads(participantCount: threads, placement: threads > 1 ? .pinned : .floating)
        lanes.pinLeader()
        var container = try ModelContainer(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)))
        container.repack(in: bytes, crew: lanes.crew)
        let weights = try TransformerWeights(
            container, ModelConfiguration(container), bytes: UnsafeRawBufferPointer(bytes))
        let tokenCount = promptTokens + generatedTokens
        let capacity = TransformerCapacity(
            contextLength: tokenCount, sequenceCount: 1, cachedTokenCount: tokenCount)
        let features = CPUFeatures.ofThisProcessor()
        for candidate in InstructionSet.allCases where candidate.isSupported(by: features) {
            guard variant == nil || variant == "\(candidate)" else { continue }
            var run = EngineRun(
                Transformer(weights, capacity: capacity, instructionSet: candidate, crew: lanes.crew),
                clock: threads > 1 ? .wall : .thread)
            let figures = (0..<runs).map { _ in
                run.measure(promptTokens: promptTokens, generatedTokens: generatedTokens)
            }
            let prefill = figures.map(\.prefill).max() ?? 0
            let decode = figures.map(\.decode).max() ?? 0
            print("\(candidate), \(threads) thread\(threads > 1 ? "s" : ""): prefill \(promptTokens) tokens "
                + "\(Int(prefill)) tok/s, decode \(Int(decode)) tok/s")
        }
    }
}
