import Glibc
import Model

/// One prompt and one continuation through a transformer, timed.
struct EngineRun: ~Copyable {
    /// What counts as time.
    enum Clock {
        case thread, wall
    }

    /// Tokens a second.
    struct Figures {
        let prefill: Double
        let decode: Double
    }

    private var model: Transformer
    private let clock: Clock
    private var batch = Batch()

    init(_ model: consuming Transformer, clock: Clock) {
        self.model = model
        self.clock = clock
    }

    mutating func measure(promptTokens: Int, generatedTokens: Int) -> Figures {
        guard let sequence = model.openSequence(reserving: promptTokens + generatedTokens) else {
            preconditionFailure("the capacity was made for these tokens")
        }
        let tokens = (0..<promptTokens).map { TokenID(($0 * 7919 + 13) % model.vocabularySize) }
        let start = seconds()
        var done = 0
        while done < promptTokens {
            let end = min(done + model.batchCapacity, promptTokens)
            pass(tokens[done..<end], sequence, end == promptTokens ? .last : .none)
            done = end
        }
        let middle = seconds()
        for step in 0..<generatedTokens { pass(tokens[(step % promptTokens)...].prefix(1), sequence, .last) }
        let end = seconds()
        model.closeSequence(sequence)
        return Figures(
            prefill: Double(promptTokens) / (middle - start), decode: Double(generatedTokens) / (end - middle))
    }

    private mutating func pass(_ tokens: ArraySlice<TokenID>, _ sequence: SequenceID, _ logits: Batch.LogitsWanted) {
        batch.removeAll()
        batch.append(tokens, to: sequence, logits: logits)
        model.begin(batch)
        while !model.advance() {}
    }

    private func seconds() -> Double {
        var time = timespec()
        clock_gettime(clock == .thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
