import ModelFormats

/// The latest tokens of a sequence and how often each of them occurs.
struct PenaltyWindow: Sendable {
    private struct Occurrence {
        var token: TokenID
        var count: Int
    }

    private let capacity: Int
    /// A ring once it is full: `oldest` is the next to be overwritten.
    private var tokens: [TokenID] = []
    private var oldest = 0
    private var occurrences: [Occurrence] = []

    init(capacity: Int) {
        self.capacity = capacity
        tokens.reserveCapacity(capacity)
        occurrences.reserveCapacity(capacity)
    }

    mutating func append(_ token: TokenID) {
        guard capacity > 0 else { return }
        if tokens.count < capacity {
            tokens.append(token)
        } else {
            forget(tokens[oldest])
            tokens[oldest] = token
            oldest = (oldest + 1) % capacity
        }
        for index in occurrences.indices where occurrences[index].token == token {
            occurrences[index].count += 1
            return
        }
        occurrences.append(Occurrence(token: token, count: 1))
    }

    private mutating func forget(_ token: TokenID) {
        for index in occurrences.indices where occurrences[index].token == token {
            occurrences[index].count -= 1
            if occurrences[index].count == 0 {
                occurrences.swapAt(index, occurrences.count - 1)
                occurrences.removeLast()
            }
            return
        }
    }

    /// Applies the penalties of `parameters` to the window's tokens.
    func penalize(_ logits: inout MutableSpan<Float>, _ parameters: SamplingParameters) {
        for occurrence in occurrences where logits.indices.contains(Int(occurrence.token)) {
            let index = Int(occurrence.token)
            var logit = logits[index]
            logit = logit > 0 ? logit / parameters.repetitionPenalty : logit * parameters.repetitionPenalty
            logit -= Float(occurrence.count) * parameters.frequencyPenalty + parameters.presencePenalty
            logits[index] = logit
        }
    }
}
