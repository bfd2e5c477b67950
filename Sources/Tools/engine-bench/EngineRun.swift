import Glibc
import ModelFormats
import Transformer

/// Prompts and continuations through a transformer, timed.
struct EngineRun: ~Copyable {
    /// What counts as time.
    enum Clock {
        case thread, wall
    }

    /// Far more than a batch of decoding sequences should have.
    static let streamCountMax = 256
    /// What each stream has behind it when it begins to decode.
    static let streamPromptTokenCount = 8
    /// The cache's pages round each sequence up to so many tokens at most.
    static let roundingTokenCount = 64

    private var model: Transformer
    private let clock: Clock
    private var batch = Batch()

    init(_ model: consuming Transformer, clock: Clock) {
        self.model = model
        self.clock = clock
    }

    /// Prompt tokens a second until the first token's logits are there.
    mutating func prefill(tokenCount: Int) -> Double {
        let sequence = open(tokenCount: tokenCount)
        let tokens = tokens(tokenCount)
        let start = seconds()
        var done = 0
        while done < tokenCount {
            let end = min(done + model.batchCapacity, tokenCount)
            batch.removeAll()
            batch.append(tokens[done..<end], to: sequence, logits: end == tokenCount ? .last : .none)
            pass()
            done = end
        }
        let duration = seconds() - start
        model.closeSequence(sequence)
        return Double(tokenCount) / duration
    }

    /// Tokens a second of all streams together.
    mutating func decode(streamCount: Int, tokenCount: Int) -> Double {
        var sequences: [SequenceID] = []
        for _ in 0..<streamCount { sequences.append(open(tokenCount: Self.streamPromptTokenCount + tokenCount)) }
        for sequence in sequences {
            batch.removeAll()
            batch.append(tokens(Self.streamPromptTokenCount), to: sequence, logits: .none)
            pass()
        }
        let start = seconds()
        for step in 0..<tokenCount {
            batch.removeAll()
            for (stream, sequence) in sequences.enumerated() {
                batch.append(CollectionOfOne(token(step + stream)), to: sequence, logits: .last)
            }
            pass()
        }
        let duration = seconds() - start
        for sequence in sequences { model.closeSequence(sequence) }
        return Double(streamCount * tokenCount) / duration
    }

    private mutating func open(tokenCount: Int) -> SequenceID {
        guard let sequence = model.openSequence(reserving: tokenCount) else {
            preconditionFailure("the capacity was made for these tokens")
        }
        return sequence
    }

    private mutating func pass() {
        model.begin(batch)
        while !model.advance() {}
    }

    private func tokens(_ count: Int) -> [TokenID] {
        var tokens: [TokenID] = []
        for index in 0..<count { tokens.append(token(index)) }
        return tokens
    }

    /// Some token of the vocabulary, neighbours far apart.
    private func token(_ index: Int) -> TokenID { TokenID((index * 7919 + 13) % model.vocabularySize) }

    private func seconds() -> Double {
        var time = timespec()
        clock_gettime(clock == .thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
