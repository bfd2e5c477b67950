import ArgumentParser
import LaneThreads
import ModelFiles
import ModelFormats
import Tensor
import Transformer

/// Tokens a second of the inference engine alone.
@main
struct EngineBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-bench",
        abstract: "Measures the inference engine alone: prefill in full batches, and decode of one or more sequences.",
        discussion: """
            With one thread, time is the thread's CPU time, so that other load on the machine does not count as ours. \
            With more, or with --json, it is wall time: threads are pinned to processors of their own, and waiting for \
            one another counts. The best run is printed, for other load only ever harms.

            EXAMPLES
              engine-bench model.gguf
              engine-bench model.gguf --threads 2 --prompt-tokens 512 128 --streams 1 8 --json
            """)

    @Argument(help: "A GGUF or HXM file.")
    var model: String

    @Option(parsing: .upToNextOption, help: "Tokens of a prompt; several to measure several.")
    var promptTokens = [512]

    @Option(help: "Tokens decoded of each sequence.")
    var generatedTokens = 64

    @Option(parsing: .upToNextOption, help: "Sequences that decode together; several to measure several.")
    var streams = [1]

    @Option(help: "Only this kernel variant: portable, avx2, avx512 or fastest. All there are, if left out.")
    var variant: String?

    @Option(help: "Threads that compute.")
    var threads = 1

    @Option(help: "Runs of each variant.")
    var runs = 3

    @Flag(help: "Print a JSON object for each figure.")
    var json = false

    func validate() throws {
        guard (promptTokens + streams + [generatedTokens, threads, runs]).allSatisfy({ $0 > 0 }) else {
            throw ValidationError("numbers of tokens, streams, threads and runs are positive")
        }
        guard streams.allSatisfy({ $0 <= EngineRun.streamCountMax }) else {
            throw ValidationError("--streams may be \(EngineRun.streamCountMax) at most")
        }
        let names = InstructionSet.allCases.map { "\($0)" } + ["fastest"]
        guard variant.map(names.contains) ?? true else {
            throw ValidationError("a variant is one of " + names.joined(separator: ", "))
        }
    }

    func run() throws {
        let file = try ModelFile(path: model)
        let bytes = try file.load()
        let lanes = LaneThreads(participantCount: threads, placement: threads > 1 ? .pinned : .floating)
        lanes.pinLeader()
        var container = file.container
        container.repack(in: bytes, crew: lanes.crew)
        let weights = try TransformerWeights(
            container, ModelConfiguration(container), bytes: UnsafeRawBufferPointer(bytes))
        for candidate in candidates {
            let transformer = Transformer(weights, capacity: capacity, instructionSet: candidate, crew: lanes.crew)
            var run = EngineRun(transformer, clock: threads > 1 || json ? .wall : .thread)
            for count in promptTokens {
                report(candidate, "prefill", tokens: count, best { run.prefill(tokenCount: count) })
            }
            for count in streams {
                let rate = best { run.decode(streamCount: count, tokenCount: generatedTokens) }
                report(candidate, "decode", tokens: generatedTokens, streams: count, rate)
            }
        }
    }
}

// MARK: - Parts

extension EngineBench {
    private var candidates: [InstructionSet] {
        let features = CPUFeatures.ofThisProcessor()
        if variant == "fastest" { return [.fastest(on: features)] }
        return InstructionSet.allCases.filter { candidate in
            candidate.isSupported(by: features) && (variant == nil || variant == "\(candidate)")
        }
    }

    /// Room for the longest prompt, and for all streams.
    private var capacity: TransformerCapacity {
        let streamCount = streams.max() ?? 1
        let streamLength = EngineRun.streamPromptTokenCount + generatedTokens
        let contextLength = max(promptTokens.max() ?? 1, streamLength)
        return TransformerCapacity(
            contextLength: contextLength, sequenceCount: streamCount,
            cachedTokenCount: contextLength + streamCount * (streamLength + EngineRun.roundingTokenCount))
    }

    private func best(_ measure: () -> Double) -> Double {
        (0..<runs).reduce(0) { best, _ in max(best, measure()) }
    }

    private func report(_ variant: InstructionSet, _ test: String, tokens: Int, streams: Int = 1, _ rate: Double) {
        if json {
            print(
                "{\"variant\": \"\(variant)\", \"threads\": \(threads), \"test\": \"\(test)\", "
                    + "\"tokens\": \(tokens), \"streams\": \(streams), \"tokens_per_second\": \(rate)}")
        } else {
            let crowd = streams > 1 ? ", \(streams) streams together" : ""
            print(
                "\(variant), \(threads) thread\(threads > 1 ? "s" : ""): \(test) \(tokens) tokens\(crowd) "
                    + "\(Int(rate)) tok/s")
        }
    }
}
